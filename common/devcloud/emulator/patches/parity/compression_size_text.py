"""Store the minimum compression size of a patch operation as a number.

The values of patch operations are texts. ministack stores and returns this one as a text, and
boto3 then fails to read the API. An empty text turns compression off.

AWS: API Gateway, "UpdateRestApi".
https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateRestApi.html
"""

from typing import Any

from ministack.services import apigateway_v1

from devcloud.emulator.patching import rewrite_function

_PATCH = "    _apply_patch(api, patch_ops)\n"


def apply() -> None:
    """Convert the value once the operations are applied."""
    rewrite_function(
        apigateway_v1,
        "_update_rest_api",
        {_PATCH: _PATCH + "    _convert_compression_size(api)\n"},
        _convert_compression_size=convert_compression_size,
    )


def convert_compression_size(api: dict[str, Any]) -> None:
    """Turn a text into a number, or into None if it is empty."""
    size = api.get("minimumCompressionSize")
    if isinstance(size, str):
        api["minimumCompressionSize"] = int(size) if size else None
