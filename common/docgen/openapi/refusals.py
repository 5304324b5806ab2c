"""What a route may refuse: the errors that are raised, and not caught, wherever its code leads."""

import ast
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from chalice import ChaliceViewError

from common import money
from docgen.openapi.code import Code, choices, hints

Errors = frozenset[type[ChaliceViewError]]
Known = dict[Any, Errors]
_NONE: Errors = frozenset()
_OURS = ("app", "chalicelib", "common")
# They turn the shop's own rows into words: what they refuse there is a defect, not an answer.
_TRUSTING = (money.decimal, money.format_amount)


def raised_by(function: Callable[..., Any]) -> Errors:
    """The errors with a status that come out of a function, and out of all of the shop that it calls or hands on."""
    return _of(inspect.unwrap(function), {})


def _of(function: Any, known: Known) -> Errors:
    if function not in known:
        known[function] = _NONE  # for a function that leads to itself
        code = Code(function)
        known[function] = _gathered(code, [*code.tree.body, *_decorators(code)], known)
    return known[function]


def _decorators(code: Code) -> list[ast.expr]:
    """What is put around a function of ours; Chalice's own is no part of what it does."""
    return [decorator for decorator in code.tree.decorator_list if _is_ours(code.meant(decorator))]


def _gathered(code: Code, nodes: Iterable[ast.AST], known: Known) -> Errors:
    return _NONE.union(*(_raised(code, node, known) for node in nodes))


def _raised(code: Code, node: ast.AST, known: Known) -> Errors:
    if isinstance(node, ast.Try):
        return _tried(code, node, known)
    if isinstance(node, ast.Raise) and node.exc:
        return _named(code, node.exc) | _gathered(code, ast.iter_child_nodes(node), known)
    if isinstance(node, ast.Name | ast.Attribute):
        meant = code.meant(node)
        if _is_ours(meant):
            return _behind(meant, known)
    return _gathered(code, ast.iter_child_nodes(node), known)


def _tried(code: Code, node: ast.Try, known: Known) -> Errors:
    """What a `try` lets through, and what its handlers raise in its place."""
    inside = _gathered(code, [*node.body, *node.orelse], known)
    for handler in node.handlers:
        if not any(isinstance(part, ast.Raise) and part.exc is None for part in ast.walk(handler)):
            caught = _classes(code, handler.type)
            inside = frozenset(error for error in inside if not issubclass(error, caught))
    return inside | _gathered(code, [*node.handlers, *node.finalbody], known)


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


def _behind(meant: Any, known: Known) -> Errors:
    """What comes out of a function, of making an instance, or by its own word of a port that has no code here."""
    if isinstance(meant, type):
        makers = (vars(meant).get(name) for name in ("__init__", "__post_init__"))
        return _NONE.union(*(_of(maker, known) for maker in makers if inspect.isfunction(maker)))
    function = inspect.unwrap(getattr(meant, "__func__", meant))
    return _promised(function) if _is_port(function) else _of(function, known)


def _promised(function: Any) -> Errors:
    holder = _holder(function)
    words = re.findall(r"\b[A-Z]\w+", f"{function.__doc__} {holder.__doc__}")
    named = {error.__name__: error for error in _all_errors(ChaliceViewError)}
    return _with_status(named.get(word) for word in words)


def _all_errors(kind: type) -> list[type]:
    children: list[type] = kind.__subclasses__()
    return [error for child in children for error in (child, *_all_errors(child))]


def _is_port(function: Any) -> bool:
    return bool(getattr(_holder(function), "_is_protocol", False))


def _holder(function: Any) -> Any:
    """The class that a method stands in, or nothing."""
    owner = function.__qualname__.rpartition(".")[0]
    return getattr(sys.modules[function.__module__], owner, None) if owner else None


def _is_ours(meant: Any) -> bool:
    is_code = inspect.isroutine(meant) or (
        isinstance(meant, type) and issubclass(meant, msgspec.Struct)
    )
    return (
        is_code
        and meant not in _TRUSTING
        and str(getattr(meant, "__module__", "")).partition(".")[0] in _OURS
    )


def _with_status(found: Iterable[Any]) -> Errors:
    return frozenset(
        kind for kind in found if isinstance(kind, type) and issubclass(kind, ChaliceViewError)
    )
