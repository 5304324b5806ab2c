"""What a route may refuse: the errors that are raised, and not caught, wherever its code leads."""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from chalice import ChaliceViewError

from testkit.openapi.code import Code, choices, hints

Errors = frozenset[type[ChaliceViewError]]
_NONE: Errors = frozenset()
_OURS = ("app", "chalicelib", "common")


def raised_by(function: Callable[..., Any]) -> Errors:
    """The errors with a status that come out of a function, and out of all of the shop that it calls or hands on."""
    return _of(inspect.unwrap(function), set())


def _of(function: Any, seen: set[Any]) -> Errors:
    if function in seen:
        return _NONE
    seen.add(function)
    code = Code(function)
    return _gathered(code, [*code.tree.body, *_decorators(code)], seen)


def _decorators(code: Code) -> list[ast.expr]:
    """What is put around a function of ours; Chalice's own is no part of what it does."""
    return [decorator for decorator in code.tree.decorator_list if _is_ours(code.meant(decorator))]


def _gathered(code: Code, nodes: Iterable[ast.AST], seen: set[Any]) -> Errors:
    return _NONE.union(*(_raised(code, node, seen) for node in nodes))


def _raised(code: Code, node: ast.AST, seen: set[Any]) -> Errors:
    if isinstance(node, ast.Try):
        return _tried(code, node, seen)
    if isinstance(node, ast.Raise) and node.exc:
        return _named(code, node.exc) | _gathered(code, ast.iter_child_nodes(node), seen)
    if isinstance(node, ast.Name | ast.Attribute):
        meant = code.meant(node)
        if _is_ours(meant):
            return _behind(meant, seen)
    return _gathered(code, ast.iter_child_nodes(node), seen)


def _tried(code: Code, node: ast.Try, seen: set[Any]) -> Errors:
    """What a `try` lets through, and what its handlers raise in its place."""
    inside = _gathered(code, [*node.body, *node.orelse], seen)
    for handler in node.handlers:
        if not any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(handler)):
            caught = _classes(code, handler.type)
            inside = frozenset(error for error in inside if not issubclass(error, caught))
    return inside | _gathered(code, [*node.handlers, *node.finalbody], seen)


def _classes(code: Code, named: ast.expr | None) -> tuple[type, ...]:
    if named is None:
        return (BaseException,)
    names = named.elts if isinstance(named, ast.Tuple) else [named]
    return tuple(kind for kind in map(code.meant, names) if isinstance(kind, type))


def _named(code: Code, raised: ast.expr) -> Errors:
    """The errors that a `raise` names: a class, a table of classes, or a function that says which ones it makes."""
    found: list[Any] = []
    for node in ast.walk(raised):
        meant = code.meant(node) if isinstance(node, ast.Name | ast.Attribute) else None
        if isinstance(meant, dict):
            found += meant.values()
        elif inspect.isfunction(meant):
            found += choices(hints(meant).get("return"))
        else:
            found.append(meant)
    return _with_status(found)


def _behind(meant: Any, seen: set[Any]) -> Errors:
    """What comes out of a function, of making an instance, or by its own word of a port that has no code here."""
    if isinstance(meant, type):
        makers = (vars(meant).get(name) for name in ("__init__", "__post_init__"))
        return _NONE.union(*(_of(maker, seen) for maker in makers if inspect.isfunction(maker)))
    function = inspect.unwrap(getattr(meant, "__func__", meant))
    return _promised(function) if _is_port(function) else _of(function, seen)


def _promised(function: Any) -> Errors:
    holder = _holder(function)
    words = re.findall(r"\b[A-Z]\w+", f"{function.__doc__} {holder.__doc__}")
    known = {error.__name__: error for error in _all_errors(ChaliceViewError)}
    return _with_status(known.get(word) for word in words)


def _all_errors(kind: type) -> list[type]:
    return [error for child in kind.__subclasses__() for error in (child, *_all_errors(child))]


def _is_port(function: Any) -> bool:
    return bool(getattr(_holder(function), "_is_protocol", False))


def _holder(function: Any) -> Any:
    """The class that a method stands in, or nothing."""
    owner = function.__qualname__.rpartition(".")[0]
    return getattr(sys.modules[function.__module__], owner, None) if owner else None


def _is_ours(meant: Any) -> bool:
    is_code = inspect.isroutine(meant) or (isinstance(meant, type) and issubclass(meant, msgspec.Struct))
    return is_code and str(getattr(meant, "__module__", "")).partition(".")[0] in _OURS


def _with_status(found: Iterable[Any]) -> Errors:
    return frozenset(kind for kind in found if isinstance(kind, type) and issubclass(kind, ChaliceViewError))
