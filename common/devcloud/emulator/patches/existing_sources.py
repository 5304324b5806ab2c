"""A Lambda cannot be subscribed to a queue or a stream that there is not; in ministack it waits for it for ever.

So `chalice deploy` before the data stack fails here too, rather than leave Lambdas that nothing ever starts.
"""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb, lambda_svc, sqs

from devcloud.emulator.patching import expect_parameters

_create_esm = lambda_svc._create_esm


def apply() -> None:
    """Look for the source first."""
    expect_parameters(_create_esm, "data")
    lambda_svc._create_esm = create


def create(data: dict[str, Any]) -> Any:
    """A new event source mapping, or the refusal."""
    source = str(data.get("EventSourceArn", ""))
    service, name = source.split(":")[2:3], source.split(":", 5)[-1]
    if service == ["sqs"] and sqs._queue_url(name) not in sqs._queues:
        return _refusal(f"The queue {name} does not exist")
    if service == ["dynamodb"] and source not in {
        table.get("LatestStreamArn") for table in dynamodb._tables.values()
    }:
        return _refusal(f"Stream not found: {source}")
    return _create_esm(data)


def _refusal(message: str) -> Any:
    return error_response_json("InvalidParameterValueException", message, 400)
