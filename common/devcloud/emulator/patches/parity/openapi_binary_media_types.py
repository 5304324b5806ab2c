"""Import the binary media types of an OpenAPI document.

ministack drops them, so that an image reaches a Lambda, or a client, as broken text.

AWS: API Gateway, "x-amazon-apigateway-binary-media-types property".
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions-binary-media-types.html
"""

from typing import Any

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite_function

_RETURN = "    return api_id\n"


def apply() -> None:
    """Complete the import of a document."""
    rewrite_function(
        apigateway_v1,
        "_import_rest_api",
        {_RETURN: "    _set_binary_media_types(api_id, spec)\n" + _RETURN},
        _set_binary_media_types=set_binary_media_types,
    )


def set_binary_media_types(api_id: str, document: dict[str, Any]) -> None:
    """Take the document's types unless the API has types of its own."""
    types = document.get("x-amazon-apigateway-binary-media-types") or []
    api = apigateway_v1._rest_apis[api_id]
    api["binaryMediaTypes"] = api["binaryMediaTypes"] or list(dict.fromkeys(types))
