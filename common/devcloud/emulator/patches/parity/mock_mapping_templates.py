"""Override a header of a mock integration's response as its mapping template says.

ministack returns the text of the template. This evaluates what `delivery.templates` writes for
preflight requests, and nothing else.

AWS: API Gateway, "Override your API's request and response parameters and status codes".
https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-override-request-response-parameters.html
"""

import re
from collections.abc import Mapping
from typing import Any

from ministack.services import apigateway_v1 as apis

from common import security_headers
from devcloud.emulator.patching import require_parameters, rewrite_function

_ALLOWED = re.compile(r'\$origin == "([^"]+)"')
_OVERRIDE = f"$context.responseOverride.header.{security_headers.ALLOW_ORIGIN} = $origin"

_invoke_mock = apis._invoke_mock_v1


def apply() -> None:
    """Override the origin of mock responses where their template does."""
    require_parameters(_invoke_mock, "integration")
    old, new = "return _invoke_mock_v1(integration)", "return allow_origin(integration, headers)"
    rewrite_function(apis, "_execute_in_scope", {old: new}, allow_origin=allow_origin)


def allow_origin(
    integration: dict[str, Any], headers: Mapping[str, str]
) -> tuple[int, dict[str, str], bytes]:
    """Return the mock response, with the request's origin if the template lists it."""
    status, response_headers, body = _invoke_mock(integration)
    template = body.decode()
    if _OVERRIDE not in template:
        return status, response_headers, body
    origin = next((value for name, value in headers.items() if name.lower() == "origin"), "")
    if origin in _ALLOWED.findall(template):
        response_headers[security_headers.ALLOW_ORIGIN] = origin
    return status, response_headers, b""
