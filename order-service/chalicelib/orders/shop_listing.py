"""List the shop's orders for staff, page by page.

Indexes hold the keys in eight shards; of each shard a page is read as far as it is needed, and the
shards are merged by time. The orders themselves are then read by their ids.
"""

import heapq
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from chalicelib.orders import listing, order_numbers, readmodels
from chalicelib.orders.models import DAY_SHARDS, ByFulfilment, ByTime, Order
from chalicelib.orders.schemas import OrdersQuery
from chalicelib.orders.statuses import ReturnStatus
from chalicelib.orders.views import OrderView
from common import clock
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor

MAX_EXAMINED = 500  # orders read for one page of a list filtered by a status
_BATCH = 100  # of BatchGetItem
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_MAX_KEY_LENGTH = 128

Position = tuple[str, str]  # createdAt and id of an order: where it is in a list
Bounds = tuple[str, str]


def list_shop_orders(query: OrdersQuery) -> Page[OrderView]:
    """Return a page of the shop's orders, eventually consistent.

    With `fulfilmentStatus` the oldest come first, as staff work; otherwise the newest. A page
    may be short: the list ends where there is no cursor.

    Raises: InvalidCursor when the cursor is not one of such a list.
    """
    if query.order_number is not None:
        return Page(_find_numbered(query.order_number))
    bounds = clock.day_bounds(*query.days)
    if query.email is not None:
        return _list_of_customer(query, bounds)
    after = _decode(query.cursor)
    if query.fulfilment_status is None:
        return _read_page(_newest_keys(bounds, after), query)
    return _read_page(_oldest_keys(query.fulfilment_status, bounds, after), query)


def _find_numbered(number: str) -> list[OrderView]:
    """Return the orders of this number: mostly one, as it has a digest."""
    placed_at = order_numbers.find_time(number)
    keys = [
        key
        for shard in range(DAY_SHARDS)
        for key in Order.by_time.query(f"{placed_at[:10]}#{shard}", Order.created_at == placed_at)
        if order_numbers.create_number(key.order_id, placed_at) == number
    ]
    return [OrderView.of(order) for order in _read(_position(key) for key in keys)]


def _list_of_customer(query: OrdersQuery, bounds: Bounds) -> Page[OrderView]:
    user_id = readmodels.find_user_id(query.email or "")
    if user_id is None:
        return Page([])
    condition = None
    if query.fulfilment_status is not None:
        condition = Order.fulfilment_status == query.fulfilment_status
    return listing.list_orders(user_id, query, Order.created_at.between(*bounds), condition)


def _newest_keys(bounds: Bounds, after: Position | None) -> Iterator[Position]:
    """Yield the places of the orders of these days, the newest first."""
    start, end = bounds
    end = min(end, after[0]) if after else end
    day, first = date.fromisoformat(end[:10]), date.fromisoformat(start[:10])
    while day >= first:
        for place in _merge(Order.by_time, day.isoformat(), (start, end), is_newest_first=True):
            if after is None or place < after:
                yield place
        day -= timedelta(days=1)


def _oldest_keys(status: str, bounds: Bounds, after: Position | None) -> Iterator[Position]:
    """Yield the places of the orders of this fulfilment status, the oldest first."""
    start, end = bounds
    start = max(start, after[0]) if after else start
    for place in _merge(Order.by_fulfilment, status, (start, end), is_newest_first=False):
        if after is None or place > after:
            yield place


def _merge(
    index: ByTime | ByFulfilment, prefix: str, bounds: Bounds, *, is_newest_first: bool
) -> Iterator[Position]:
    """Yield the keys of all shards in the order of time."""
    start, end = bounds
    shards: list[Iterable[Position]] = [
        map(
            _position,
            index.query(
                f"{prefix}#{shard}",
                Order.created_at.between(start, max(start, end)),
                scan_index_forward=not is_newest_first,
                page_size=_BATCH,
            ),
        )
        for shard in range(DAY_SHARDS)
    ]
    return heapq.merge(*shards, reverse=is_newest_first)


def _read_page(places: Iterator[Position], query: OrdersQuery) -> Page[OrderView]:
    """Read orders until the page is full, or enough were looked at."""
    is_wanted = _filter(query)
    is_filtered = query.status is not None or query.return_status is not None
    size = _BATCH if is_filtered else query.limit
    views: list[OrderView] = []
    examined = 0
    while examined < MAX_EXAMINED and (batch := list(islice(places, size))):
        examined += len(batch)
        for order in _read(batch):
            views += [OrderView.of(order)] if is_wanted(order) else []
            if len(views) == query.limit:
                return Page(views, _encode(_position(order)))
        if len(batch) < size:
            return Page(views)
    return Page(views, _encode(batch[-1]) if batch else None)


def _filter(query: OrdersQuery) -> Callable[[Order], bool]:
    """Return what decides whether an order, as it is now, is of this list."""

    def is_wanted(order: Order) -> bool:
        is_of_status = query.status is None or order.status == query.status
        fulfilment = query.fulfilment_status
        is_of_fulfilment = fulfilment is None or order.fulfilment_status == fulfilment
        return is_of_status and is_of_fulfilment and _has_return(order, query.return_status)

    return is_wanted


def _has_return(order: Order, status: ReturnStatus | None) -> bool:
    """Whether the order has a return of this status, or none is asked for."""
    return status is None or any(one.status == status for one in order.returns or [])


def _read(places: Iterable[Position]) -> list[Order]:
    """Read the orders at these places, in their order."""
    order_ids = [order_id for _, order_id in places]
    orders = {order.order_id: order for order in Order.batch_get(order_ids)}
    return [orders[order_id] for order_id in order_ids if order_id in orders]


def _position(order: Order) -> Position:
    return order.created_at, order.order_id


def _encode(place: Position) -> str | None:
    created_at, order_id = place
    return encode_cursor({"createdAt": {"S": created_at}, "orderId": {"S": order_id}})


def _decode(cursor: str | None) -> Position | None:
    """Return the place after which the page begins. Raises: InvalidCursor."""
    key: dict[str, Any] | None = decode_cursor(cursor)
    if key is None:
        return None
    values = {name: value.get("S", "") for name, value in key.items()}
    if (
        values.keys() != {"createdAt", "orderId"}
        or not _is_time(values["createdAt"])
        or not 0 < len(values["orderId"]) <= _MAX_KEY_LENGTH
    ):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page of this list")
    return values["createdAt"], values["orderId"]


def _is_time(text: str) -> bool:
    try:
        return bool(_TIMESTAMP.fullmatch(text) and datetime.fromisoformat(text).astimezone(UTC))
    except ValueError:
        return False
