"""One service's OpenAPI document, from the routes that it declares."""

import re
import typing
from collections import defaultdict
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from common.api import Api, camel_case
from common.pages import Page
from common.routes import Access, Header, Route
from docgen.openapi.schemas import REFERENCE, Components, Examples, JsonSchema

TOKEN = "accessToken"
_ID_PREFIXES = {"address_id": "ADDR", "order_id": "ORDER", "product_id": "PROD"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": (
        "The same key with the same request gives the same answer, and has one effect."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
_NEXT_CURSOR = {
    "description": "Where the next page starts: its `cursor`. Absent on the last page.",
    "schema": {"type": "string"},
}
_RETRY_AFTER = {
    "description": "Seconds to wait before the next attempt.",
    "schema": {"type": "integer", "minimum": 0},
}
_ERROR = {
    "type": "object",
    "description": "What went wrong: `Code` for programs, `Message` for people.",
    "properties": {"Code": {"type": "string"}, "Message": {"type": "string"}},
    "required": ["Code", "Message"],
}
_DESCRIPTION = (
    "Money is a decimal number with its currency. Unknown fields are ignored. In a path the `#` of "
    "an id is percent-encoded, or the id stands there without its prefix. Each response has an "
    "`X-Correlation-Id`: the request's own, if it has one."
)
# API Gateway's own answer (delivery.templates), and Chalice's to an unexpected exception.
_UNAUTHORIZED = (401, "Unauthorized", "There is no access token, or it is invalid or expired.")
_INTERNAL = (500, "InternalServerError", "An unexpected error; it was logged.")

Refusal = tuple[int, str, str]


def build(api: Api, examples: Examples) -> JsonSchema:
    """Build a service's document.

    `examples` holds values of its Structs, by their names.
    """
    queries = [route.query for route in api.routes if route.query]
    bodies = [route.body for route in api.routes if route.body]
    responses = [_body_type(route) for route in api.routes if route.returns]
    components = Components([*queries, *bodies, *responses], examples)
    paths: dict[str, JsonSchema] = defaultdict(dict)
    for route in sorted(api.routes, key=lambda route: (route.path, route.method)):
        operation = {
            "operationId": route.operation_id,
            "tags": [api.app.app_name],
            "summary": route.summary,
            **({"description": route.description} if route.description else {}),
            **_request(route, components),
            "responses": _responses(route, components),
            "security": [] if route.access is Access.PUBLIC else [{TOKEN: []}],
        }
        paths[_path(route)][route.method.lower()] = operation
    return build_document(api.app.app_name, dict(paths), components.published(without=queries))


def build_document(
    title: str, paths: dict[str, JsonSchema], schemas: dict[str, JsonSchema]
) -> JsonSchema:
    """Complete a document with what all services share."""
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1.0.0", "description": _DESCRIPTION},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": _ERROR},
            "securitySchemes": {
                TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `token` of POST /user/login.",
                }
            },
        },
    }


def _body_type(route: Route) -> Any:
    """The type of the JSON that a route returns: a page is a list on the wire."""
    if typing.get_origin(route.returns) is Page:
        return list[typing.get_args(route.returns)[0]]  # type: ignore[misc]
    return route.returns


def _request(route: Route, components: Components) -> JsonSchema:
    parameters = [_path_parameter(name) for name in route.parameters]
    parameters += components.parameters(route.query) if route.query else []
    parameters += [_KEY] if route.idempotency_key else []
    parameters += [_header_parameter(header) for header in route.headers]
    request: JsonSchema = {"parameters": parameters} if parameters else {}
    if route.body:
        request["requestBody"] = {"required": True, "content": components.content(route.body)}
    return request


def _path_parameter(name: str) -> JsonSchema:
    parameter = {"name": camel_case(name), "in": "path", "required": True}
    if prefix := _ID_PREFIXES.get(name):
        parameter["description"] = (
            f"`{prefix}#...`, the `#` percent-encoded, or without the prefix."
        )
    return parameter | {"schema": {"type": "string", "minLength": 1}}


def _header_parameter(header: Header) -> JsonSchema:
    return {
        "name": header.name,
        "in": "header",
        "description": header.description,
        "schema": {"type": "string"},
    }


def _responses(route: Route, components: Components) -> JsonSchema:
    success: JsonSchema = {"description": HTTPStatus(route.status).phrase}
    if typing.get_origin(route.returns) is Page:
        success["headers"] = {"X-Next-Cursor": _NEXT_CURSOR}
    if route.returns:
        success["content"] = components.content(_body_type(route))
    by_status: dict[int, dict[str, str]] = defaultdict(dict)
    for status, code, description in sorted(_refusals(route)):
        by_status[status][code] = description
    return {str(route.status): success} | {
        str(status): _refusal(status, codes) for status, codes in by_status.items()
    }


def _refusals(route: Route) -> Iterator[Refusal]:
    for error in route.all_errors:
        yield error.STATUS_CODE, error.__name__, str(getattr(error, "description", ""))
    if route.access is not Access.PUBLIC:
        yield _UNAUTHORIZED
    yield _INTERNAL


def _refusal(status: int, codes: dict[str, str]) -> JsonSchema:
    codes_schema = {"properties": {"Code": {"enum": list(codes)}}}
    schema = {"allOf": [{"$ref": REFERENCE.format(name="Error")}, codes_schema]}
    lines = [f"- `{code}`: {description}" for code, description in codes.items()]
    error = {
        "description": "\n".join(lines),
        "content": {"application/json": {"schema": schema}},
    }
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        error["headers"] = {"Retry-After": _RETRY_AFTER}
    return error


def _path(route: Route) -> str:
    """The path with its parameters as on the wire: `/order/{orderId}`."""
    return re.sub(r"\{(\w+)\}", lambda match: f"{{{camel_case(match[1])}}}", route.path)
