"""A made-up day of many paid orders, in lists that count calls and rows."""

import weakref
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chalicelib.payments.gateways import registry
from chalicelib.payments.gateways.port import Intent, IntentStatus
from chalicelib.payments.models import Payment
from chalicelib.readmodels.inventory import ReservedItem
from chalicelib.readmodels.orders import DAY_SHARDS
from chalicelib.reconciliation import itinerary, sources, stock_checks
from common.pages import PAGE_LIMIT, Page

Row = TypeVar("Row")

CREATED_AT = "T12:00:00.000Z"


class OrderId(str):
    """A text that can be counted while it is held."""

    __slots__ = ("__weakref__",)


class BusyDay:
    """Yesterday's orders, all paid by card, in the place of tables and gateways."""

    def __init__(self, orders: int, patch: Any) -> None:
        self.day = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
        self.count, self.calls = orders, Counter[str]()
        self.unlisted: set[str] = set()
        self._held: weakref.WeakSet[Any] = weakref.WeakSet()
        self.peak = 0
        patch.setattr(registry, "get_gateway", self.get_gateway)
        patch.setattr(sources, "list_placed_orders", self.list_placed_orders)
        patch.setattr(sources, "list_audited_orders", self.list_audited_orders)
        patch.setattr(sources, "list_open_refunds", self.list_nothing)
        patch.setattr(sources, "list_overdue_reservations", self.list_nothing)
        patch.setattr(itinerary, "find_intents", self.find_intents)
        patch.setattr(itinerary, "find_days", self.find_days)

    def get_gateway(self, name: str) -> Any:
        return self if name == "stripe" else EmptyGateway()

    def list_intents(self, since: int, until: int, cursor: str | None = None) -> Page[Intent]:
        page = self._page("gateway", range(self.count), cursor)
        listed = [number for number in page.items if order_id(number) not in self.unlisted]
        return Page([self._hold(intent(number)) for number in listed], page.cursor)

    def list_placed_orders(self, placed_on: str, cursor: str | None = None) -> Page[str]:
        shard = int(placed_on.rpartition("#")[2])
        return self._ids("placed", range(shard, self.count, DAY_SHARDS), cursor)

    def list_audited_orders(self, day: str, cursor: str | None = None) -> Page[str]:
        return self._ids("audited", range(self.count), cursor)

    def list_nothing(self, *args: Any) -> Page[str]:
        return Page([])

    def find_intents(self, order_ids: Iterable[str]) -> dict[str, Payment]:
        self.calls["payments"] += 1
        return {name: self._hold(self._payment(name)) for name in order_ids}

    def find_days(self, order_ids: Iterable[str]) -> dict[str, str]:
        self.calls["orders"] += 1
        return {self._hold(OrderId(name)): self.day for name in order_ids}

    def _payment(self, name: str) -> Payment:
        return Payment(
            f"PAY#{name}",
            order_id=name,
            gateway="stripe",
            intent_id=f"pi_{name}",
            created_at=f"{self.day}{CREATED_AT}",
        )

    def _ids(self, kind: str, numbers: Sequence[int], cursor: str | None) -> Page[str]:
        page = self._page(kind, numbers, cursor)
        return Page([self._hold(OrderId(order_id(number))) for number in page.items], page.cursor)

    def _page(self, kind: str, rows: Sequence[int], cursor: str | None) -> Page[int]:
        self.calls[kind] += 1
        start = int(cursor or 0)
        end = start + PAGE_LIMIT
        return Page(rows[start:end], str(end) if end < len(rows) else None)

    def _hold(self, row: Row) -> Row:
        self._held.add(row)
        self.peak = max(self.peak, len(self._held))
        return row


class EmptyGateway:
    """A gateway that nobody pays through."""

    def list_intents(self, since: int, until: int, cursor: str | None = None) -> Page[Intent]:
        return Page([])


def order_id(number: int) -> str:
    return f"ORDER#{number:026}"


def intent(number: int) -> Intent:
    name = order_id(number)
    return Intent(f"pi_{name}", IntentStatus.CAPTURED, 2598, "USD", name, received=2598)


class ReservationList:
    """A table of committed reservations of one unit each."""

    def __init__(self, rows: int, product_id: str, patch: Any) -> None:
        self.count, self.product_id, self.calls = rows, product_id, 0
        self._held: weakref.WeakSet[Any] = weakref.WeakSet()
        self.peak = 0
        patch.setattr(stock_checks.Reservation, "scan", self.scan)

    def scan(self, limit: int, last_evaluated_key: Any, consistent_read: bool) -> Any:
        self.calls += 1
        start = int(last_evaluated_key["at"]["N"]) if last_evaluated_key else 0
        return ReservationPage(self, start, min(start + limit, self.count))

    def row(self, number: int) -> Any:
        item = ReservedItem(product_id=self.product_id, qty=1)
        row = stock_checks.Reservation(order_id(number), items=[item], status="COMMITTED")
        self._held.add(row)
        self.peak = max(self.peak, len(self._held))
        return row


class ReservationPage:
    """As PynamoDB returns it."""

    def __init__(self, table: ReservationList, start: int, end: int) -> None:
        self._table, self._start, self._end = table, start, end
        is_last = end == table.count
        self.last_evaluated_key = None if is_last else {"at": {"N": str(end)}}

    def __iter__(self) -> Any:
        return (self._table.row(number) for number in range(self._start, self._end))
