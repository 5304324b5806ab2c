"""Patch functions of ministack by editing their source.

An edit names the text that it replaces, so a patch fails loudly on a version that it does not fit.
"""

import inspect
import textwrap
from typing import Any

_SOURCE = "_rewritten_source"  # inspect finds no source for a function that exec compiled


class UnexpectedSource(RuntimeError):
    """The installed ministack is not what a patch was written for."""


def rewrite_function(owner: Any, name: str, edits: dict[str, str], **names: Any) -> None:
    """Recompile `owner.name` with each old text replaced by the new one.

    `owner` is a module or class. `names` are what the new texts call. They are added to the
    function's module. A function may be rewritten several times.

    Raises: UnexpectedSource unless every old text occurs exactly once.
    """
    function = getattr(owner, name)
    source = getattr(function, _SOURCE, "") or textwrap.dedent(inspect.getsource(function))
    for old, new in edits.items():
        source = replace_once(source, old, new, f"{owner.__name__}.{name}")
    scope = function.__globals__
    scope.update(names)
    compiled: dict[str, Any] = {}
    exec(compile(source, f"<patched {owner.__name__}.{name}>", "exec"), scope, compiled)
    setattr(compiled[name], _SOURCE, source)
    setattr(owner, name, compiled[name])


def rewrite_worker_script(edits: dict[str, str]) -> None:
    """Replace each old text by the new one in the script of Python Lambdas.

    Raises: UnexpectedSource unless every old text occurs exactly once.
    """
    from ministack.core import lambda_runtime

    script = lambda_runtime._PYTHON_WORKER_SCRIPT
    for old, new in edits.items():
        script = replace_once(script, old, new, "the script of the Python worker")
    lambda_runtime._PYTHON_WORKER_SCRIPT = script


def replace_once(source: str, old: str, new: str, where: str) -> str:
    """Replace `old` by `new`. Raises: UnexpectedSource unless it occurs exactly once."""
    if source.count(old) != 1:
        raise UnexpectedSource(f"{where} has {source.count(old)} times, not once: {old.strip()}")
    return source.replace(old, new)


def require_parameters(function: Any, *parameters: str) -> None:
    """Raise UnexpectedSource unless a function has exactly these parameters."""
    actual = tuple(inspect.signature(function).parameters)
    if actual != parameters:
        raise UnexpectedSource(
            f"{function.__module__}.{function.__name__} takes {actual}, not {parameters}"
        )
