"""What a function's source says: what its names stand for, and of what type its values are. Nothing is run."""

import ast
import inspect
import textwrap
import typing
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import NoneType, UnionType
from typing import Any

UNKNOWN = object()


class NotTold(Exception):
    """The code does not say what its documentation must; the message names the place and what is missing."""


@dataclass(frozen=True)
class Instance:
    """Some value of this type."""

    type: Any

    @property
    def holder(self) -> Any:
        """The class that its methods stand in; of an optional value, that of the value."""
        classes = [kind for kind in choices(self.type) if isinstance(kind, type)]
        return classes[0] if len(classes) == 1 else UNKNOWN


class Code:
    """One function, read."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function: Any = inspect.unwrap(function)
        tree = ast.parse(textwrap.dedent(inspect.getsource(self.function))).body[0]
        assert isinstance(tree, ast.FunctionDef), f"{function} is no function with a name"
        self.tree = tree

    def __str__(self) -> str:
        return f"{self.function.__module__}.{self.function.__qualname__}"

    def returned(self) -> list[ast.expr]:
        """What stands behind its `return`s; functions inside it count for themselves."""
        return [
            node.value for node in _own(self.tree) if isinstance(node, ast.Return) and node.value
        ]

    def calls(self) -> Iterator[tuple[Any, ast.Call]]:
        """Each call in it, and what is called."""
        for statement in self.tree.body:
            for node in ast.walk(statement):
                if isinstance(node, ast.Call):
                    yield self.meant(node.func), node

    def meant(self, expression: ast.AST) -> Any:
        """The function, class, module or Instance that an expression stands for; UNKNOWN if that shows only in running."""
        match expression:
            case ast.Name(id=name):
                return self._local(name) if name in self._assignments else self._global(name)
            case ast.Attribute(value=value, attr=name):
                owner = self.meant(value)
                holder = owner.holder if isinstance(owner, Instance) else owner
                return UNKNOWN if holder is UNKNOWN else getattr(holder, name, UNKNOWN)
            case ast.Call(func=called):
                return self._answer(self.meant(called))
        return UNKNOWN

    def type_of(self, expression: ast.AST) -> Any:
        """The type of a value in it; NotTold if no annotation leads there."""
        found = self.meant(expression)
        if not isinstance(found, Instance):
            raise NotTold(
                f"{self}: no annotation tells the type of `{ast.unparse(expression)}`; say what is returned"
            )
        return found.type

    def assigned(self, name: str) -> list[tuple[ast.expr | None, int | None]]:
        """What a local name gets: an expression and perhaps a place in it; no expression for what comes from elsewhere."""
        return self._assignments.get(name, [])

    def _global(self, name: str) -> Any:
        return self.function.__globals__.get(name, UNKNOWN)

    def _local(self, name: str) -> Any:
        """A parameter, or a variable that is assigned once; others may be anything."""
        assigned = self._assignments[name]
        if len(assigned) != 1:
            return UNKNOWN
        value, place = assigned[0]
        if value is None:
            told = hints(self.function).get(name, Any)
            return UNKNOWN if told is Any else Instance(told)
        found = self.meant(value)
        if place is None or not isinstance(found, Instance):
            return found if place is None else UNKNOWN
        return Instance(typing.get_args(found.type)[place])

    @staticmethod
    def _answer(called: Any) -> Any:
        if isinstance(called, type):
            return Instance(called)
        told = hints(called).get("return", Any) if inspect.isroutine(called) else Any
        return UNKNOWN if told is Any else Instance(told)

    @cached_property
    def _assignments(self) -> dict[str, list[tuple[ast.expr | None, int | None]]]:
        found: dict[str, list[tuple[ast.expr | None, int | None]]] = defaultdict(list)
        placed: set[ast.AST] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.arg):
                found[node.arg].append((None, None))
            for target, value in _assignments(node):
                for name, place in _names(target):
                    found[name.id].append((value, place))
                    placed.add(name)
        for node in ast.walk(self.tree):
            if (
                isinstance(node, ast.Name)
                and isinstance(node.ctx, ast.Store)
                and node not in placed
            ):
                found[node.id] += [(None, None), (None, None)]  # of a loop: nothing to go by
        return found


def hints(function: Any) -> dict[str, Any]:
    """A function's annotations, resolved; none where they name what only a type checker sees."""
    try:
        return typing.get_type_hints(inspect.unwrap(function), include_extras=True)
    except (NameError, TypeError):
        return {}


def choices(kind: Any) -> list[Any]:
    """The types that a type allows, None left out."""
    if typing.get_origin(kind) in (typing.Union, UnionType):
        return [choice for choice in typing.get_args(kind) if choice is not NoneType]
    return [kind]


def _own(node: ast.AST) -> Iterator[ast.AST]:
    """A function's own nodes, without those of functions inside it."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.Lambda):
            yield child
            yield from _own(child)


def _assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                yield from zip(target.elts, node.value.elts, strict=False)
            else:
                yield target, node.value
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield node.target, node.value


def _names(target: ast.expr) -> Iterator[tuple[ast.Name, int | None]]:
    if isinstance(target, ast.Name):
        yield target, None
    elif isinstance(target, ast.Tuple):
        yield from (
            (name, place) for place, name in enumerate(target.elts) if isinstance(name, ast.Name)
        )
