"""What the check of the books is asked, and what it answers."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

Whole = Annotated[int, Meta(ge=0)]


class Wanted(msgspec.Struct, rename="camel", kw_only=True):
    """Input of the Lambda reconcile.

    Without `orderIds` the orders of `day` (UTC; yesterday if it is not named) and of the days before it, `days` in all. `settle`: how
    many seconds everything has to come to rest. `whole`: all stock of the shop is added up, too. `next`: of an earlier answer. `goOn`:
    what there was no time for is looked at by another run, which begins by itself.
    """

    day: str | None = None
    days: Annotated[int, Meta(ge=1, le=31)] = 1
    order_ids: list[str] | None = None
    repair: bool = False
    settle: Whole = 3600
    whole: bool = False
    next: str | None = None
    go_on: bool = False


class Finding(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """A discrepancy, and what was done about it: `repaired`, `queued` for a person, or only `reported`."""

    kind: str
    detail: str
    outcome: str
    order_id: str | None = None
    product_id: str | None = None


class Report(msgspec.Struct, rename="camel", kw_only=True):
    """Answer of the Lambda reconcile. With `next` the time was not enough: ask again with it."""

    day: str | None
    orders: int
    discrepancies: list[Finding]
    checked: dict[str, int]
    next: str | None = None


class Doubt(msgspec.Struct, rename="camel", kw_only=True):
    """A message of discrepancy-queue."""

    kind: str
    detail: str
    order_id: str | None = None
    product_id: str | None = None
    intents: list[str] = []
    day: str | None = None


def plain(answer: Any) -> Any:
    """As a Lambda answers."""
    return msgspec.to_builtins(answer)
