"""Who acts by a scope in the current request, for the trace that it leaves.

`common.auth` opens an act where staff use a scope to write; `common.staff_acts` stores it in the
transaction of what is written.
"""

from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from itertools import count

from common import ids
from common.roles import Scope


@dataclass(frozen=True)
class Act:
    """One request of staff. Each transaction of it has an id of its own."""

    user_id: str
    role: str
    scope: Scope
    action: str
    _base: str = field(default_factory=lambda: ids.new("ACT"))
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def next_id(self) -> str:
        """Return the id of the next transaction's trace."""
        return ids.deterministic("ACT", self._base, next(self._numbers))


table = ""  # of the service; set by common.api.Api

_action: ContextVar[str] = ContextVar("action", default="")
_current: ContextVar[Act | None] = ContextVar("act", default=None)


def begin_request(action: str) -> None:
    """Forget the act of the request before. `action` names what the route does."""
    _action.set(action)
    _current.set(None)


def open_act(user_id: str, role: str, scope: Scope) -> None:
    """Trace what the rest of the request writes, if the scope is one to write."""
    if scope.endswith(":write") and _action.get():
        _current.set(Act(user_id, role, scope, _action.get()))


def is_traced() -> bool:
    """Whether what is written now has to be traced."""
    return _current.get() is not None and bool(table)


def current() -> Act | None:
    """Return the act of the request, None if nobody used a scope to write."""
    return _current.get()
