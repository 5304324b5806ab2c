"""The input and the result of the Lambda reconcile."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

NonNegative = Annotated[int, Meta(ge=0)]


class ReconcileRequest(msgspec.Struct, rename="camel", kw_only=True):
    """Input of the Lambda reconcile.

    Without `orderIds`: the orders of `day` (UTC, by default yesterday) and the days before it,
    `days` in all. `settle`: seconds after which a change counts as complete. `fullStock`: add up
    the stock of all products, too. `next`: of an earlier result. `continue`: have another run
    check what there was no time for.
    """

    day: str | None = None
    days: Annotated[int, Meta(ge=1, le=31)] = 1
    order_ids: list[str] | None = None
    repair: bool = False
    settle: NonNegative = 3600
    full_stock: bool = False
    next: str | None = None
    continue_: bool = msgspec.field(default=False, name="continue")


class Finding(msgspec.Struct, rename="camel", kw_only=True, omit_defaults=True):
    """A discrepancy, and its outcome: `repaired`, `queued` for staff, `reported`."""

    kind: str
    detail: str
    outcome: str
    order_id: str | None = None
    product_id: str | None = None


class Report(msgspec.Struct, rename="camel", kw_only=True):
    """Result of the Lambda reconcile. With `next` there was no time for all."""

    day: str | None
    orders: int
    discrepancies: list[Finding]
    checked: dict[str, int]
    next: str | None = None


def to_plain(value: Any) -> Any:
    """Convert to what a Lambda returns."""
    return msgspec.to_builtins(value)
