"""Keep the id of an API when CloudFormation changes its OpenAPI document.

ministack replaces the API, so that its address changes with its routes.

AWS: CloudFormation, "AWS::ApiGateway::RestApi" (Body: update requires no interruption).
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-apigateway-restapi.html
"""

from typing import Any

from ministack.services.cloudformation import provisioners

from devcloud.emulator.patches.parity import put_rest_api
from devcloud.emulator.patching import rewrite_function

_REPLACE = """    if new_props.get("Body") != old_props.get("Body"):
        created ="""
_OVERWRITE = """    bodies = (old_props.get("Body"), new_props.get("Body"))
    if all(isinstance(body, dict) for body in bodies):
        _overwrite_definition(physical_id, old_props, new_props)
    elif new_props.get("Body") != old_props.get("Body"):
        created ="""


def apply() -> None:
    """Overwrite the definition instead of replacing the API."""
    rewrite_function(
        provisioners,
        "_apigw_rest_api_update",
        {_REPLACE: _OVERWRITE},
        _overwrite_definition=overwrite_definition,
    )
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ApiGateway::RestApi"]
    handlers["update"] = provisioners._apigw_rest_api_update


def overwrite_definition(api_id: str, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Import the resource's document into the API if it has changed."""
    if new["Body"] != old["Body"]:
        settings = {"binaryMediaTypes": new.get("BinaryMediaTypes", [])}
        put_rest_api.overwrite(api_id, new["Body"], settings)
