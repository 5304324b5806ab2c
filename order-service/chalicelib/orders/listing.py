"""List a customer's orders, page by page."""

from typing import Any

from pynamodb.expressions.condition import Condition

from chalicelib.orders.models import ByCustomer, Order
from chalicelib.orders.schemas import OrdersQuery
from chalicelib.orders.views import OrderView
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor

_FILTERED_PAGE_SIZE = 100  # rows read per request for a list filtered by status
_MAX_KEY_LENGTH = 128  # of a cursor's values; DynamoDB rejects keys above a kilobyte

Key = dict[str, Any]


def list_orders(
    user_id: str,
    query: OrdersQuery,
    period: Condition | None = None,
    condition: Condition | None = None,
) -> Page[OrderView]:
    """Return a page of a customer's orders, newest first, eventually consistent.

    Only those of the period that fulfil the condition, if there are such.

    Raises: InvalidCursor when the cursor is not one of this list.
    """
    start = decode_cursor(query.cursor)
    if start is not None:
        _validate_start(user_id, start)
    if query.status:
        is_of_status = Order.status == query.status
        condition = is_of_status if condition is None else condition & is_of_status
    results = Order.by_customer.query(
        user_id,
        period,
        filter_condition=condition,
        scan_index_forward=False,
        limit=query.limit,
        page_size=query.limit if condition is None else _FILTERED_PAGE_SIZE,
        last_evaluated_key=start,
    )
    orders = [OrderView.of(order) for order in results]
    return Page(orders, encode_cursor(results.last_evaluated_key))


def _validate_start(user_id: str, start: Key) -> None:
    """Reject forged cursors, which DynamoDB would answer with an internal error."""
    values = {name: value.get("S") for name, value in start.items()}
    lengths = {len(value or "") for value in values.values()}
    if (
        values.keys() != _key_names()
        or not 0 < min(lengths) <= max(lengths) <= _MAX_KEY_LENGTH
        or values["userId"] != user_id
    ):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page of this list")


def _key_names() -> set[str]:
    """Return the attributes of a key of the index and of the table."""
    attributes = (ByCustomer.user_id, ByCustomer.created_at, Order.order_id)
    return {str(attribute.attr_name) for attribute in attributes}
