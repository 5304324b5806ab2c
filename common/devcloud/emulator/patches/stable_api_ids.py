"""An API keeps its id, and so its address, when its routes change; ministack replaces it with another."""

from typing import Any

from ministack.services import apigateway_v1 as apis
from ministack.services.cloudformation import provisioners

from devcloud.emulator.patches import openapi_import
from devcloud.emulator.patching import expect_parameters

_handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
_update = _handlers["update"]


def apply() -> None:
    """Overwrite the API where CloudFormation changes its document."""
    expect_parameters(_update, "physical_id", "old_props", "new_props", "stack_name", "logical_id")
    _handlers["update"] = update


def update(
    api: str, old: dict[str, Any], new: dict[str, Any], stack: str, logical_id: str | None = None
) -> Any:
    """Change the API in place."""
    document = new.get("Body")
    if isinstance(document, dict) and isinstance(old.get("Body"), dict):
        openapi_import.overwrite(api, document)
        if new.get("BinaryMediaTypes"):
            apis._rest_apis[api]["binaryMediaTypes"] = new["BinaryMediaTypes"]
        old = {**old, "Body": document}
    return _update(api, old, new, stack, logical_id)
