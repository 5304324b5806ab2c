"""One service's OpenAPI document, from its routes."""

import inspect
import re
from collections import defaultdict
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from chalice import Chalice
from chalice.app import RouteEntry

from docgen.openapi.refusals import Errors, raised_by
from docgen.openapi.shapes import REFERENCE, Examples, Schema, Shapes
from docgen.openapi.views import Answer, View

TOKEN = "accessToken"
_PREFIXES = {"order_id": "ORDER", "product_id": "PROD"}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "The same key with the same request gives the same answer, and nothing happens twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$"},
}
_HEADERS = {
    "X-Next-Cursor": {
        "description": "Where the next page starts: its `cursor`. Absent on the last page.",
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "In how many seconds to come again.",
        "schema": {"type": "integer", "minimum": 0},
    },
}
_ERROR = {
    "type": "object",
    "description": "What went wrong: `Code` for programs, `Message` for people.",
    "properties": {"Code": {"type": "string"}, "Message": {"type": "string"}},
    "required": ["Code", "Message"],
}
# API Gateway's own answer (delivery.templates), and Chalice's to a defect.
_UNAUTHORIZED = (401, "Unauthorized", "There is no access token, or it is not to be believed.")
_DEFECT = (500, "InternalServerError", "The shop has a defect.")

Refusal = tuple[int, str, str]


def build(app: Chalice, examples: Examples) -> Schema:
    """The document of a service; `examples` has values of its Structs, by their names.

    Raises code.NotTold where a route's code does not tell what it takes or answers.
    """
    routes = [entry for _, methods in sorted(app.routes.items()) for entry in methods.values()]
    views = {entry.view_name: View(entry.view_function) for entry in routes}
    answers = {name: view.answer for name, view in views.items()}
    queries = [view.query for view in views.values() if view.query]
    bodies = [view.body for view in views.values() if view.body]
    kinds = [*queries, *bodies, *(answer.body for answer in answers.values() if answer.body)]
    shapes = Shapes(kinds, examples)
    paths: dict[str, Schema] = defaultdict(dict)
    for entry in routes:
        view, answer = views[entry.view_name], answers[entry.view_name]
        operation = {
            "operationId": _unique(entry, paths),
            "tags": [app.app_name],
            **_told(view, answer),
            **_taken(entry, view, shapes),
            "responses": _responses(entry, answer, shapes),
            "security": [{TOKEN: []}] if entry.authorizer else [],
        }
        paths[_spelt(entry.uri_pattern)][entry.method.lower()] = operation
    return whole(app.app_name, dict(paths), shapes.components(without=queries))


def whole(title: str, paths: dict[str, Schema], schemas: dict[str, Schema]) -> Schema:
    """A document with the shop's own ways to say who is calling and what went wrong."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": title,
            "version": "1.0.0",
            "description": (
                "Money is a decimal number with its currency. Unknown fields are ignored. In a path the `#` of an id is "
                "percent-encoded, or the id stands there without its prefix. Each answer has an `X-Correlation-Id`: the "
                "request's own, if it brings one."
            ),
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": _ERROR},
            "securitySchemes": {
                TOKEN: {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "The `token` that POST /user/login answers with.",
                }
            },
        },
    }


def _unique(entry: RouteEntry, paths: dict[str, Schema]) -> str:
    """The view's name; of a view with several routes the later ones add their path."""
    taken = {
        operation["operationId"] for methods in paths.values() for operation in methods.values()
    }
    name = str(entry.view_name)
    return name if name not in taken else name + re.sub(r"\W+", "_", entry.uri_pattern)


def _told(view: View, answer: Answer) -> Schema:
    """The view's own words, and below them those of the verb."""
    told = {"summary": _words(view.code.function)}
    return told | ({"description": words} if (words := _words(answer.verb)) else {})


def _words(function: Any) -> str:
    return inspect.getdoc(function) or ""


def _taken(entry: RouteEntry, view: View, shapes: Shapes) -> Schema:
    parameters = [_path_parameter(name) for name in entry.view_args]
    parameters += shapes.parameters(view.query) if view.query else []
    parameters += [_KEY] if view.is_keyed else []
    parameters += [
        {"name": name, "in": "header", "schema": {"type": "string"}} for name in view.headers
    ]
    taken: Schema = {"parameters": parameters} if parameters else {}
    if view.body:
        taken["requestBody"] = {"required": True, "content": shapes.content(view.body)}
    return taken


def _path_parameter(name: str) -> Schema:
    parameter = {"name": _camel(name), "in": "path", "required": True}
    prefix = _PREFIXES.get(name)
    told = (
        {"description": f"`{prefix}#...`, its `#` percent-encoded, or the part behind it."}
        if prefix
        else {}
    )
    return parameter | told | {"schema": {"type": "string", "minLength": 1}}


def _responses(entry: RouteEntry, answer: Answer, shapes: Shapes) -> Schema:
    success: Schema = {"description": HTTPStatus(answer.status).phrase}
    if answer.headers:
        success["headers"] = {name: _HEADERS[name] for name in answer.headers}
    if answer.body:
        success["content"] = shapes.content(answer.body)
    by_status: dict[int, dict[str, str]] = defaultdict(dict)
    for status, code, meaning in sorted(_refusals(entry)):
        by_status[status][code] = meaning
    return {str(answer.status): success} | {
        str(status): _refusal(status, codes) for status, codes in by_status.items()
    }


def _refusals(entry: RouteEntry) -> Iterable[Refusal]:
    errors: Errors = raised_by(entry.view_function)
    yield from ((error.STATUS_CODE, error.__name__, _words(error)) for error in errors)
    if entry.authorizer:
        yield _UNAUTHORIZED
    yield _DEFECT


def _refusal(status: int, codes: dict[str, str]) -> Schema:
    headers = (
        {"headers": {"Retry-After": _HEADERS["Retry-After"]}}
        if status == HTTPStatus.TOO_MANY_REQUESTS
        else {}
    )
    schema = {
        "allOf": [
            {"$ref": REFERENCE.format(name="Error")},
            {"properties": {"Code": {"enum": list(codes)}}},
        ]
    }
    return {
        "description": "\n".join(
            f"- `{code}`: {' '.join(meaning.split())}" for code, meaning in codes.items()
        ),
        "content": {"application/json": {"schema": schema}},
        **headers,
    }


def _spelt(pattern: str) -> str:
    """A route's pattern with the names of its parameters as they stand on the wire."""
    return re.sub(r"\{(\w+)\}", lambda found: f"{{{_camel(found[1])}}}", pattern)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
