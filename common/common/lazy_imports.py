"""Lazy imports, for short cold starts.

All Lambdas of a service share one app.py, and each needs only some of its modules. An authorizer
reads no tables, and a saga step does not call the functions of other steps. Modules imported under

    with lazy_imports.until_first_use():
        from chalicelib.orders import refunds, service

are loaded at the first access to one of their attributes. Import modules only: importing a name
from a module loads it.

Modules are loaded at once in the Lambda of the routes, which needs all of them; with SnapStart and
provisioned concurrency, where no request waits for the start; and outside Lambda, so that a broken
module fails early.
"""

import os
import sys
import threading  # noqa: F401 - LazyLoader needs it and must not import it lazily
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import LazyLoader
from types import ModuleType

ROUTES = "app.app"
AUTHORIZER = "app.authorizer"
# Lambda sets both: https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
_HANDLER = "_HANDLER"
_STARTED = "AWS_LAMBDA_INITIALIZATION_TYPE"
_ON_DEMAND = "on-demand"


class _LazyFinder:
    """Find modules as Python does, and load them at their first use."""

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
    """Load the modules imported in this block at their first use.

    The handler `unless` needs them from the start.
    """
    handler = os.environ.get(_HANDLER)
    if handler in (None, unless) or os.environ.get(_STARTED, _ON_DEMAND) != _ON_DEMAND:
        yield
        return
    sys.meta_path.insert(0, _LazyFinder)
    try:
        yield
    finally:
        sys.meta_path.remove(_LazyFinder)
