"""The orders of a day, from every table and gateway that names one."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.audit.models import InventoryAudit
from chalicelib.payments.errors import GatewayNotConfigured
from chalicelib.payments.gateways import registry
from chalicelib.payments.gateways.port import Intent, intent_key
from chalicelib.readmodels.inventory import list_overdue_reservations
from chalicelib.readmodels.orders import list_open_refunds, list_order_ids
from chalicelib.reconciliation.errors import DayInvalid
from chalicelib.reconciliation.stock_rules import OVERDUE_SECONDS
from common import clock

_DAY_SECONDS = 24 * 3600


@dataclass
class OrderIndex:
    """The orders of some days with their intents."""

    days: Sequence[str]
    orders: dict[str, dict[str, Intent]] = field(default_factory=dict)

    def add(self, order_ids: Iterable[str]) -> None:
        """Add orders without intents."""
        for order_id in order_ids:
            self.orders.setdefault(order_id, {})

    def add_intent(self, gateway: str, intent: Intent) -> None:
        """Add an intent, with its order. Those of other systems are none of the shop's."""
        if intent.order_id:
            intents = self.orders.setdefault(intent.order_id, {})
            intents[intent_key(gateway, intent.id)] = intent


def build_index(last: str | None, count: int) -> OrderIndex:
    """List the orders of `count` days up to `last` (UTC, by default yesterday).

    They come from order-service, the gateways' lists and the audit; with them come overdue
    reservations and open refunds of any day.

    Raises: DayInvalid, GatewayUnavailable, PaymentRejected.
    """
    days = _days(last, count)
    index = OrderIndex(days)
    for name in registry.NAMES:
        for intent in _list_intents(name, days):
            index.add_intent(name, intent)
    for day in days:
        index.add(list_order_ids(day))
        index.add(audit.order_id for audit in InventoryAudit.query(day))
    index.add(list_open_refunds())
    index.add(list_overdue_reservations(clock.epoch() - OVERDUE_SECONDS))
    return index


def _days(last: str | None, count: int) -> list[str]:
    today = datetime.now(UTC).date()
    final = today - timedelta(days=1) if last is None else _parse_day(last)
    if final > today:
        raise DayInvalid(f"{last} has not begun yet; today is {today} (UTC)")
    return [(final - timedelta(days=back)).isoformat() for back in range(count)]


def _parse_day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise DayInvalid(f"{text!r} is not a day such as 2026-11-22")
    return day


def _list_intents(name: str, days: Sequence[str]) -> Iterator[Intent]:
    """List a gateway's intents of these days, none if it has no keys."""
    since, until = _midnight(days[-1]), _midnight(days[0]) + _DAY_SECONDS
    try:
        yield from registry.get_gateway(name).list_intents(since, until)
    except GatewayNotConfigured:
        return


def _midnight(day: str) -> int:
    return int(datetime.combine(date.fromisoformat(day), time(), UTC).timestamp())
