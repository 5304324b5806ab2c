"""Fail a stack that creates a table whose name is taken.

ministack replaces the existing table by an empty one.

AWS: DynamoDB, "CreateTable" (ResourceInUseException).
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
"""

from typing import Any

from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from devcloud.emulator.patching import require_parameters

_handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
_create = _handlers["create"]


def apply() -> None:
    """Look for the name before the table is created."""
    require_parameters(_create, "logical_id", "props", "stack_name")
    _handlers["create"] = create_table


def create_table(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
    """Create a table. Raises: ValueError when one of this name exists."""
    name = props.get("TableName")
    if name in dynamodb._tables:
        raise ValueError(
            f"Resource of type 'AWS::DynamoDB::Table' with identifier '{name}' already exists."
        )
    return _create(logical_id, props, stack_name)
