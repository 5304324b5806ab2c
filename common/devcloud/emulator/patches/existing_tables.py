"""CloudFormation refuses to make a table that exists already; ministack puts an empty one in its place."""

from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from devcloud.emulator.patching import expect_parameters

_handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
_create = _handlers["create"]


def apply() -> None:
    """Refuse it here as well, for the data's sake."""
    expect_parameters(_create, "logical_id", "props", "stack_name")
    _handlers["create"] = create


def create(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    """A new table."""
    name = props.get("TableName")
    if name in dynamodb._tables:
        raise ValueError(
            f"Resource of type 'AWS::DynamoDB::Table' with identifier '{name}' already exists."
        )
    return _create(logical_id, props, stack_name)
