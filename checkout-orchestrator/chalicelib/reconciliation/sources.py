"""The lists in which orders are looked for, each read page by page.

The gateways come first: they list an intent with its amounts, a hundred in one call, where one
would be read for each order. A payment whose intent they must have listed is left to them by the
lists of orders. Checksums say whether both are the same: if not, these orders are checked one by
one after all.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.audit.models import list_audited_orders
from chalicelib.payments.errors import GatewayNotConfigured
from chalicelib.payments.gateways import registry
from chalicelib.payments.gateways.port import Intent, intent_key
from chalicelib.readmodels.inventory import EXPIRY_KEYS, list_overdue_reservations
from chalicelib.readmodels.orders import DAY_SHARDS, list_open_refunds, list_placed_orders
from chalicelib.reconciliation.period import Period
from chalicelib.reconciliation.stock_rules import OVERDUE_SECONDS
from common import clock
from common.pages import Page

Orders = dict[str, dict[str, Intent]]  # the listed intents, by order and by key


class Role(StrEnum):
    """What the orders of a source are checked for."""

    NAMED = "named"
    GATEWAY = "gateway"
    PLACED = "placed"
    OTHERS = "others"
    UNLISTED = "unlisted"  # the placed ones whose intents no gateway listed


@dataclass(frozen=True)
class OrderPage:
    """Some orders of a source with their listed intents."""

    orders: Orders
    cursor: str | None = None


@dataclass(frozen=True)
class Source:
    """A list of orders."""

    name: str
    role: Role
    read_page: Callable[[str | None], OrderPage] = field(repr=False)


def list_sources(period: Period) -> Iterator[Source]:
    """List the sources of a period.

    With them, overdue reservations and open refunds of any day.
    """
    yield from (_gateway(name, period) for name in registry.NAMES)
    placed = [f"{day}#{shard}" for day in period.days for shard in range(DAY_SHARDS)]
    yield from (_placed(key, Role.PLACED) for key in placed)
    for day in period.days:
        yield _source(f"audited {day}", Role.OTHERS, list_audited_orders, day)
    for shard in range(DAY_SHARDS):
        yield _source(f"refunds {shard}", Role.OTHERS, list_open_refunds, shard)
    for key in EXPIRY_KEYS:
        yield _source(f"overdue {key}", Role.OTHERS, _list_overdue, key)
    yield from (_placed(key, Role.UNLISTED) for key in placed)


def named_orders(order_ids: Iterable[str]) -> Source:
    """Return the source of these orders."""
    orders: Orders = {order_id: {} for order_id in order_ids}
    return Source(Role.NAMED, Role.NAMED, lambda cursor: OrderPage(orders))


def _gateway(name: str, period: Period) -> Source:
    return Source(name, Role.GATEWAY, lambda cursor: _read_intents(name, period, cursor))


def _placed(key: str, role: Role) -> Source:
    return _source(f"{role} {key}", role, list_placed_orders, key)


def _source(name: str, role: Role, read: Callable[..., Page[str]], *arguments: str | int) -> Source:
    def read_page(cursor: str | None) -> OrderPage:
        page = read(*arguments, cursor)
        return OrderPage({order_id: {} for order_id in page.items}, page.cursor)

    return Source(name, role, read_page)


def _read_intents(name: str, period: Period, cursor: str | None) -> OrderPage:
    """Read a page of a gateway's intents, without those of other systems."""
    try:
        page = registry.get_gateway(name).list_intents(period.since, period.until, cursor)
    except GatewayNotConfigured:
        return OrderPage({})
    return OrderPage(_by_order(name, page.items), page.cursor)


def _by_order(name: str, intents: Sequence[Intent]) -> Orders:
    orders: Orders = {}
    for intent in intents:
        if intent.order_id:
            orders.setdefault(intent.order_id, {})[intent_key(name, intent.id)] = intent
    return orders


def _list_overdue(key: str, cursor: str | None) -> Page[str]:
    return list_overdue_reservations(key, clock.epoch() - OVERDUE_SECONDS, cursor)
