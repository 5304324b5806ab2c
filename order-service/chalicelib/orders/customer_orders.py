"""What a customer has ordered lately: one row, which counts all orders.

Its statuses are read from the orders themselves, so that nothing has to be written when one ends.
Guests' orders stand in a row of their source address, too: a new cart does not reset its limits.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from chalicelib.orders import lookups, offers
from chalicelib.orders.errors import (
    CartOrderOpen,
    OrderContended,
    TooManyExpiredOrders,
    TooManyUnpaidOrders,
    TooManyUnpaidUnits,
)
from chalicelib.orders.models import CustomerOrders, Order, RecentLine, RecentOrder
from chalicelib.orders.statuses import PAID_STATUSES, OrderStatus
from chalicelib.promotions import uses
from chalicelib.promotions.errors import CouponOver
from chalicelib.promotions.uses import Limits
from common import clock, ids, settings, transactions
from common.batch_reads import BatchReader, Key
from common.retry import RetryPolicy

MAX_UNPAID_ORDERS = 3
# Of one product, in all orders without a payment method: nobody else can buy them meanwhile.
MAX_UNPAID_UNITS = 20
_FREE_EXPIRIES = 1
MAX_UNPAID_OF_SOURCE = 10  # orders of guests of one source address; as many expire without a pause
_PAUSE_SECONDS, _MAX_PAUSE_SECONDS = 60, 3600
_REMEMBERED_SECONDS = 24 * 3600
_MAX_REMEMBERED = 20
_GUEST_ROW_SECONDS = 2 * _REMEMBERED_SECONDS
_ORDER = 0  # position in the transaction, before the rows and the uses of coupons
_CONFLICT_RETRIES = RetryPolicy(tries=10, pause_seconds=0.01, max_pause_seconds=0.1)


def key(user_id: str) -> Key[CustomerOrders]:
    """Return the key of a customer's row."""
    return Key(CustomerOrders, user_id)


def source_id(source: str) -> str:
    """Return whose row it is that counts a source address: a digest."""
    return f"SOURCE#{hashlib.sha256(source.encode()).hexdigest()}"


def recent_keys(user_id: str, reader: BatchReader) -> list[Key[Order]]:
    """Return the keys of the orders that count for the customer's limits."""
    customer = reader.find(key(user_id))
    return [lookups.key(entry.order_id) for entry in customer.recent] if customer else []


def store(
    order: Order,
    limits: Mapping[str, Limits],
    from_cart: bool,
    reader: BatchReader,
    source: str | None = None,
) -> bool:
    """Store a new order with its customer's row, and count its coupons.

    `limits` are those of each promotion. A guest's order counts for its `source`, too. What
    `reader` has read of the customer counts, unless another order was stored since. False if
    there is an order of its id.

    Raises: CouponOver if a coupon has no use left; CartOrderOpen, TooManyUnpaidOrders,
    TooManyUnpaidUnits, TooManyExpiredOrders; OrderContended. Nothing is written then.
    """
    counting = [
        operation
        for promotion_id, limit in limits.items()
        for operation in uses.count_use(promotion_id, limit)
    ]
    for _ in _CONFLICT_RETRIES.attempts():
        rows = [_count_for_customer(order, from_cart, reader)]
        if source is not None:
            rows.append(_count_for_source(order, source, reader))
        try:
            transactions.write(
                transactions.put(order, Order.order_id.does_not_exist()),
                *map(transactions.put, rows),
                *counting,
            )
        except transactions.TransactionCancelled as exc:
            if _ORDER in exc.failed:
                return False
            if not any(position <= len(rows) for position in exc.failed):
                raise CouponOver("couponCodes: all uses of a coupon are taken") from None
            reader = BatchReader()  # another order of the customer was stored since it read
            continue
        except transactions.TransactionContended:
            break
        return True
    raise OrderContended("too many orders at the same time; try again in a moment")


def _count_for_customer(order: Order, from_cart: bool, reader: BatchReader) -> CustomerOrders:
    """Return the customer's row with the order, if the limits allow it."""
    customer, orders = _read_row(order.user_id, reader)
    unpaid = _list_unpaid(order, customer.recent, orders)
    if from_cart and any(entry.from_cart for entry in unpaid):
        raise CartOrderOpen("another checkout of this cart has just started; look at it first")
    limit = settings.integer("MAX_UNPAID_ORDERS", MAX_UNPAID_ORDERS)
    _require_room(order, unpaid, orders, limit)
    _require_pause(orders.values(), _FREE_EXPIRIES)
    counted = frozenset({OrderStatus.CREATED, OrderStatus.EXPIRED, *PAID_STATUSES})
    customer.recent = [*_remembered(customer.recent, orders, counted), _entry(order, from_cart)]
    if ids.is_guest(order.user_id):
        customer.expires_at = clock.epoch() + _GUEST_ROW_SECONDS
    return customer


def _count_for_source(order: Order, source: str, reader: BatchReader) -> CustomerOrders:
    """Return the source's row with the order, if the limits allow it."""
    row, orders = _read_row(source_id(source), reader)
    limit = settings.integer("UNPAID_ORDERS_PER_SOURCE", MAX_UNPAID_OF_SOURCE)
    _require_room(order, _list_unpaid(order, row.recent, orders), orders, limit)
    _require_pause(orders.values(), limit)
    counted = frozenset({OrderStatus.CREATED, OrderStatus.EXPIRED})
    row.recent = [*_remembered(row.recent, orders, counted), _entry(order, from_cart=False)]
    row.expires_at = clock.epoch() + _GUEST_ROW_SECONDS
    return row


def _read_row(owner_id: str, reader: BatchReader) -> tuple[CustomerOrders, dict[str, Order]]:
    """Return the row of a customer or source, and its orders by id."""
    row = reader.find(key(owner_id)) or CustomerOrders(owner_id, recent=[])
    recent = reader.find_all(recent_keys(owner_id, reader))
    return row, {each.order_id: each for each in recent}


def _list_unpaid(
    order: Order, recent: Sequence[RecentOrder], orders: dict[str, Order]
) -> list[RecentOrder]:
    """Return the other orders that can still be paid."""
    unpaid = [entry for entry in recent if _is_unpaid(orders.get(entry.order_id))]
    return [entry for entry in unpaid if entry.order_id != order.order_id]


def _require_room(
    order: Order, unpaid: Sequence[RecentOrder], orders: dict[str, Order], limit: int
) -> None:
    """Raises: TooManyUnpaidOrders, TooManyUnpaidUnits."""
    if len(unpaid) >= limit:
        raise TooManyUnpaidOrders(f"{limit} orders are unpaid: pay or cancel one of them first")
    if order.payment_method is None:
        _require_units(order, [orders[entry.order_id] for entry in unpaid])


def _require_units(order: Order, unpaid: Iterable[Order]) -> None:
    held: Counter[str] = Counter()
    for each in (*(one for one in unpaid if one.payment_method is None), order):
        held.update({line.product_id: line.qty for line in each.lines})
    limit = settings.integer("MAX_UNPAID_UNITS", MAX_UNPAID_UNITS)
    if over := [name for name in (line.product_id for line in order.lines) if held[name] > limit]:
        raise TooManyUnpaidUnits(
            f"{', '.join(over)}: at most {limit} of a product are kept without a payment method"
        )


def _require_pause(orders: Iterable[Order], free: int) -> None:
    """Require a pause after more expired orders than are free.

    Raises: TooManyExpiredOrders.
    """
    since = clock.iso(clock.epoch() - _REMEMBERED_SECONDS)
    ends = [
        each.updated_at
        for each in orders
        if each.status == OrderStatus.EXPIRED and each.updated_at > since
    ]
    if len(ends) <= free:
        return
    base = settings.integer("EXPIRED_ORDER_PAUSE_SECONDS", _PAUSE_SECONDS)
    pause = min(base * 2 ** (len(ends) - free - 1), _MAX_PAUSE_SECONDS)
    left = int(datetime.fromisoformat(max(ends)).timestamp()) + pause - clock.epoch()
    if left > 0:
        raise TooManyExpiredOrders(left)


def _is_unpaid(order: Order | None) -> bool:
    return bool(order and order.status == OrderStatus.CREATED and not offers.has_ended(order))


def _remembered(
    recent: Sequence[RecentOrder], orders: dict[str, Order], counted: Collection[OrderStatus]
) -> list[RecentOrder]:
    """Keep what can still be paid, expired or is bought and perhaps still in the cart."""
    since = clock.iso(clock.epoch() - _REMEMBERED_SECONDS)
    kept = [
        entry
        for entry in recent
        if entry.placed_at > since
        and (order := orders.get(entry.order_id))
        and order.status in counted
    ]
    return kept[-_MAX_REMEMBERED:]


def _entry(order: Order, from_cart: bool) -> RecentOrder:
    lines = [RecentLine(product_id=line.product_id, qty=line.qty) for line in order.lines]
    return RecentOrder(
        order_id=order.order_id, from_cart=from_cart, placed_at=order.created_at, lines=lines
    )
