"""Change a function of ministack by exchanging pieces of its source, and notice when the source is another."""

import inspect
import textwrap
from typing import Any

_SOURCE = "_rewritten_source"  # a function that exec made has no file to read it from


class UnexpectedSource(RuntimeError):
    """The installed ministack is not what a fix was written for."""


def rewrite(owner: Any, name: str, changes: dict[str, str], **names: Any) -> None:
    """Recompile `owner.name` (of a module or class) with each old text replaced by the new one.

    Every old text must occur exactly once. `names` are what the new texts call; they are added to
    the module. A function may be rewritten several times.
    """
    function = getattr(owner, name)
    source = getattr(function, _SOURCE, "") or textwrap.dedent(inspect.getsource(function))
    for old, new in changes.items():
        source = exchange(source, old, new, f"{owner.__name__}.{name}")
    scope = function.__globals__
    scope.update(names)
    compiled: dict[str, Any] = {}
    exec(compile(source, f"<fixed {owner.__name__}.{name}>", "exec"), scope, compiled)
    setattr(compiled[name], _SOURCE, source)
    setattr(owner, name, compiled[name])


def exchange(source: str, old: str, new: str, where: str) -> str:
    """The source with `old` replaced by `new`; UnexpectedSource unless it occurs exactly once."""
    if source.count(old) != 1:
        raise UnexpectedSource(f"{where} has {source.count(old)} times, not once: {old.strip()}")
    return source.replace(old, new)


def expect_parameters(function: Any, *parameters: str) -> None:
    """UnexpectedSource unless the function that a fix wraps has these parameters."""
    found = tuple(inspect.signature(function).parameters)
    if found != parameters:
        raise UnexpectedSource(
            f"{function.__module__}.{function.__name__} takes {found}, not {parameters}"
        )
