"""Invoke a Lambda that has no route, with an event from a file."""

import json
import sys
from pathlib import Path
from typing import Any

from delivery import paths
from delivery.clouds import Cloud

_STDIN = "-"


class FunctionUnknown(LookupError):
    """The service has no such Lambda. The message lists its Lambdas."""


class EventUnreadable(ValueError):
    """The event's file is missing or not JSON."""


class FunctionRaised(RuntimeError):
    """The Lambda raised. The message has the error's class and message."""


def invoke(cloud: Cloud, service: str, function: str, event: Any, stage: str) -> Any:
    """Invoke a service's Lambda and return its answer. As idempotent as the Lambda.

    Raises: paths.UnknownService, FunctionUnknown, FunctionRaised.
    """
    paths.service(service)
    known = functions(cloud, service, stage)
    if function not in known:
        raise FunctionUnknown(
            f"{service} has no Lambda {function} on {stage}; these are: {', '.join(known)}"
        )
    return call(cloud, f"{service}-{stage}-{function}", event)


def call(cloud: Cloud, function: str, event: Any) -> Any:
    """Invoke a Lambda by its full name. Raises: FunctionRaised."""
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    body = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise FunctionRaised(
            f"{function} raised {body.get('errorType')}: {body.get('errorMessage')}"
        )
    return body


def functions(cloud: Cloud, service: str, stage: str) -> list[str]:
    """Return the service's deployed Lambdas by their short names, without the API's."""
    prefix = f"{service}-{stage}-"
    names = full_names(cloud, service, stage)
    return sorted(name.removeprefix(prefix) for name in names if name.startswith(prefix))


def full_names(cloud: Cloud, service: str, stage: str) -> list[str]:
    """Return the full names of all deployed Lambdas of a service."""
    api = f"{service}-{stage}"
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    return [name for name in names if name == api or name.startswith(f"{api}-")]


def read_event(source: str) -> Any:
    """Read an event from a file, or from standard input for `-`.

    Raises: EventUnreadable.
    """
    try:
        text = sys.stdin.read() if source == _STDIN else Path(source).read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise EventUnreadable(f"EVENT={source} cannot be read: {problem}") from None
    try:
        return json.loads(text)
    except ValueError as problem:
        raise EventUnreadable(f"EVENT={source} is not JSON: {problem}") from None
