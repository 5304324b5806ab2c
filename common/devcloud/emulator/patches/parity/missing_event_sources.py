"""Refuse an event source mapping whose queue or stream does not exist.

ministack creates it and polls forever. On AWS `chalice deploy` fails before the data stack is
deployed, so it must fail here.

AWS: Lambda, "CreateEventSourceMapping".
https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import dynamodb, lambda_svc, sqs

from devcloud.emulator.patching import require_parameters

_create_esm = lambda_svc._create_esm


def apply() -> None:
    """Look for the source before the mapping is created."""
    require_parameters(_create_esm, "data")
    lambda_svc._create_esm = create_mapping


def create_mapping(data: dict[str, Any]) -> Any:
    """Create the mapping, or answer with the error."""
    source = str(data.get("EventSourceArn", ""))
    service, name = source.split(":")[2:3], source.split(":", 5)[-1]
    if service == ["sqs"] and sqs._queue_url(name) not in sqs._queues:
        return _error(f"The queue {name} does not exist")
    if service == ["dynamodb"] and source not in {
        table.get("LatestStreamArn") for table in dynamodb._tables.values()
    }:
        return _error(f"Stream not found: {source}")
    return _create_esm(data)


def _error(message: str) -> Any:
    return error_response_json("InvalidParameterValueException", message, 400)
