"""Which orders belong to a day: whoever has heard of one names it, so that no single table can hide an order."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.audit.models import InventoryAudit
from chalicelib.payments import gateway
from chalicelib.payments.errors import GatewayNotConfigured
from chalicelib.payments.gateway import Intent
from chalicelib.reconciliation import books
from chalicelib.reconciliation.errors import DayInvalid
from chalicelib.reconciliation.models import OPEN, Order, Reservation
from chalicelib.reconciliation.stock_rules import OVERDUE_SECONDS
from common import clock

_SHARDS = range(8)  # of order-service's index by-day


@dataclass
class Days:
    """Some days' orders with the gateways' intents of each, and the intents that name no order."""

    names: Sequence[str]
    orders: dict[str, dict[str, Intent]] = field(default_factory=dict)
    strays: dict[str, Intent] = field(default_factory=dict)

    def add(self, order_ids: Iterable[str]) -> None:
        """These orders are to be looked at, too."""
        for order_id in order_ids:
            self.orders.setdefault(order_id, {})

    def add_intent(self, name: str, intent: Intent) -> None:
        """This intent is to be looked at, with its order."""
        row = self.orders.setdefault(intent.order_id, {}) if intent.order_id else self.strays
        row[books.key(name, intent.id)] = intent


def of(last: str | None, count: int) -> Days:
    """The orders of `count` days up to `last` (UTC; yesterday if it is None): those of order-service, of the gateways' lists, and of the audit.

    And reservations that are overdue, of whatever day. Raises DayInvalid, GatewayUnavailable, PaymentRejected.
    """
    names = _names(last, count)
    found = Days(names)
    for name in gateway.names():
        for intent in _listed(name, names):
            found.add_intent(name, intent)
    for day in names:
        found.add(_placed(day))
        found.add(row.order_id for row in InventoryAudit.query(day))
    found.add(_overdue())
    return found


def _names(last: str | None, count: int) -> list[str]:
    today = datetime.now(UTC).date()
    final = today - timedelta(days=1) if last is None else _parsed(last)
    if final > today:
        raise DayInvalid(f"{last} has not begun yet; today is {today} (UTC)")
    return [(final - timedelta(days=back)).isoformat() for back in range(count)]


def _parsed(day: str) -> date:
    try:
        found = date.fromisoformat(day)
    except ValueError:
        found = None
    if found is None or found.isoformat() != day:
        raise DayInvalid(f"{day!r} is not a day such as 2026-11-22")
    return found


def _listed(name: str, days: Sequence[str]) -> Iterator[Intent]:
    """What the gateway has of these days; nothing is charged through a gateway that the shop has no keys of."""
    try:
        yield from gateway.named(name).listed(_midnight(days[-1]), _midnight(days[0]) + 24 * 3600)
    except GatewayNotConfigured:
        return


def _midnight(day: str) -> int:
    return int(datetime.combine(date.fromisoformat(day), time(), UTC).timestamp())


def _placed(day: str) -> Iterator[str]:
    for shard in _SHARDS:
        yield from (order.order_id for order in Order.by_day.query(f"{day}#{shard}"))


def _overdue() -> Iterator[str]:
    late = Reservation.expires_at < clock.epoch() - OVERDUE_SECONDS
    yield from (held.order_id for held in Reservation.by_expiry.query(OPEN, late))
