"""`make invoke`: call a Lambda that has no route, with an event from a file."""

import json
import sys
from pathlib import Path
from typing import Any

from delivery import paths
from delivery.clouds import Cloud

_STDIN = "-"


class FunctionUnknown(LookupError):
    """The service has no such Lambda; the message lists those it has."""


class EventUnreadable(ValueError):
    """The file of the event is not there, or is not JSON."""


class FunctionRaised(RuntimeError):
    """The Lambda raised; the message gives the error's class and its own message."""


def invoke(cloud: Cloud, service: str, function: str, event: Any, stage: str) -> Any:
    """What the Lambda answers to this event, called as Step Functions would.

    Raises paths.UnknownService, FunctionUnknown or FunctionRaised. As safe to repeat as the Lambda itself is.
    """
    paths.service(service)
    known = functions(cloud, service, stage)
    if function not in known:
        raise FunctionUnknown(
            f"{service} has no Lambda {function} on {stage}; these are: {', '.join(known)}"
        )
    return call(cloud, f"{service}-{stage}-{function}", event)


def call(cloud: Cloud, function: str, event: Any) -> Any:
    """What the Lambda of this full name answers. Raises FunctionRaised."""
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    body = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise FunctionRaised(
            f"{function} raised {body.get('errorType')}: {body.get('errorMessage')}"
        )
    return body


def functions(cloud: Cloud, service: str, stage: str) -> list[str]:
    """The service's deployed Lambdas by their own names, without the one behind its API."""
    prefix = f"{service}-{stage}-"
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    names = [found["FunctionName"] for page in pages for found in page["Functions"]]
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def event_in(source: str) -> Any:
    """The event in a file, or on standard input for `-`. Raises EventUnreadable."""
    try:
        text = sys.stdin.read() if source == _STDIN else Path(source).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise EventUnreadable(f"EVENT={source} cannot be read: {problem}") from None
    try:
        return json.loads(text)
    except ValueError as problem:
        raise EventUnreadable(f"EVENT={source} is not JSON: {problem}") from None
