"""Calls of other services' Lambdas, as Step Functions makes them."""

import json
from typing import Any

import msgspec

from common import aws, log, settings

_ENCODER = msgspec.json.Encoder(decimal_format="number")


class StepFailed(Exception):
    """The Lambda raised. `error` is the class name of what it raised."""

    def __init__(self, error: str, message: str) -> None:
        super().__init__(f"{error}: {message}")
        self.error, self.message = error, message


def invoke(service: str, name: str, payload: dict[str, Any]) -> Any:
    """Call the service's Lambda and return its result.

    Raises: StepFailed if the Lambda raised; botocore's errors if it could not be reached.
    """
    response = aws.client("lambda").invoke(**_arguments(service, name, payload))
    result = json.loads(response["Payload"].read() or b"null")
    if "FunctionError" in response:
        raise StepFailed(result.get("errorType", "Unknown"), result.get("errorMessage", ""))
    return result


def invoke_async(service: str, name: str, payload: dict[str, Any]) -> None:
    """Have the service's Lambda run by itself, without waiting for its result.

    Raises: botocore's errors if it could not be reached.
    """
    arguments = _arguments(service, name, payload)
    aws.client("lambda").invoke(**arguments, InvocationType="Event")


def _arguments(service: str, name: str, payload: dict[str, Any]) -> dict[str, Any]:
    alias = settings.optional("LAMBDA_ALIAS")  # set where releases shift traffic gradually
    function = f"{service}-{settings.text('STAGE')}-{name}"
    return {
        "FunctionName": f"{function}:{alias}" if alias else function,
        "Payload": _ENCODER.encode({**payload, "correlationId": log.correlation_id()}),
    }
