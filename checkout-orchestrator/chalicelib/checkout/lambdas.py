"""Calls Lambdas of other services that have no route, as Step Functions does."""

import json
from typing import Any

import msgspec

from common import aws, log, settings

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class StepFailed(Exception):
    """The Lambda raised; `error` is the class name of what it raised."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error, self.message = error, message


def call(service: str, name: str, payload: dict[str, Any]) -> Any:
    """What the service's Lambda answers; StepFailed if it raises, botocore's errors if it cannot be reached."""
    answer = aws.client("lambda").invoke(**_asked(service, name, payload))
    result = json.loads(answer["Payload"].read() or b"null")
    if "FunctionError" in answer:
        raise StepFailed(result.get("errorType", "Unknown"), result.get("errorMessage", ""))
    return result


def begin(service: str, name: str, payload: dict[str, Any]) -> None:
    """Have the service's Lambda run by itself; nobody waits for its answer. Botocore's errors if it cannot be begun."""
    aws.client("lambda").invoke(**_asked(service, name, payload), InvocationType="Event")


def _asked(service: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    log.bind_context(payload)
    alias = settings.optional("LAMBDA_ALIAS")  # set where releases take over gradually
    function = f"{service}-{settings.text('STAGE')}-{name}"
    return {
        "FunctionName": f"{function}:{alias}" if alias else function,
        "Payload": _ENCODER.encode({**payload, "correlationId": log.correlation_id()}),
    }
