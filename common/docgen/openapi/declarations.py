"""Checks that what a route declares is what its handler's annotations say."""

import typing
from collections.abc import Callable
from typing import Any

from common.api import Api, Request, camel_case
from common.routes import Error, Route


class DeclarationMismatch(Exception):
    """A declaration and its handler differ, or a text for customers is missing."""


def validate(api: Api, handlers: typing.Mapping[str, Any]) -> None:
    """Check every route of a service against its handlers, by the names of app.py.

    Raises: DeclarationMismatch, which names the route and what is wrong.
    """
    by_operation = {camel_case(name): handler for name, handler in handlers.items()}
    for route in api.routes:
        handler = by_operation.get(route.operation_id)
        if handler is not None:
            _validate_annotations(route, handler)
        for error in route.all_errors:
            _validate_error(route, error)


def _validate_annotations(route: Route, handler: Callable[..., Any]) -> None:
    hints = typing.get_type_hints(handler)
    takes = route.body or route.query
    expected = Request[takes] if takes else Request[None]  # type: ignore[valid-type]
    if hints.get("request") != expected:
        raise DeclarationMismatch(f"{_name(route)}: its handler takes {hints.get('request')}")
    returns = hints.get("return")
    if returns != (route.returns or type(None)):
        raise DeclarationMismatch(f"{_name(route)}: its handler returns {returns}")


def _validate_error(route: Route, error: Error) -> None:
    if not getattr(error, "description", ""):
        raise DeclarationMismatch(f"{_name(route)}: {error.__name__} has no description")


def _name(route: Route) -> str:
    return f"{route.method} {route.path}"
