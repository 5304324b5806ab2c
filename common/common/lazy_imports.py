"""When a Lambda loads what it does not need at once.

All Lambdas of a service start from one app.py, and most need little of what it names: an authorizer no tables, a saga's step not the
verbs of other steps. What is imported under

    with lazy_imports.until_first_use():
        from chalicelib.orders import refunds, service

is loaded when something of the module is used for the first time, so each Lambda loads what its own calls need, and nobody keeps a
list of that. Modules only: to import a name from a module is to use it.

It is loaded at once where anything may be asked for (the Lambda of the routes), where a start costs nobody's time (SnapStart, provisioned
concurrency), and outside Lambda, where a module that does not load should be told of early.
"""

import os
import sys
import threading  # noqa: F401 - LazyLoader itself needs it, and must not find it postponed
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

ROUTES = "app.app"
AUTHORIZER = "app.authorizer"
_HANDLER = "_HANDLER"  # set by Lambda, as is the next: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_STARTED = "AWS_LAMBDA_INITIALIZATION_TYPE"
_ON_DEMAND = "on-demand"


class _Postponing:
    """Finds modules as Python does, and lets them load at their first use."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target)
        if spec and spec.loader:
            spec.loader = LazyLoader(spec.loader)
        return spec


@contextmanager
def until_first_use(unless: str = ROUTES) -> Iterator[None]:
    """Let modules that are imported in here load when they are used; `unless` is the handler that needs them from the start."""
    handler = os.environ.get(_HANDLER)
    if handler in (None, unless) or os.environ.get(_STARTED, _ON_DEMAND) != _ON_DEMAND:
        yield
        return
    sys.meta_path.insert(0, _Postponing)
    try:
        yield
    finally:
        sys.meta_path.remove(_Postponing)
