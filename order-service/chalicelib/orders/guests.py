"""Orders of guests: whose cart it was, where its notices go, and what opens it."""

import secrets
from datetime import datetime

from pynamodb.expressions.update import Action

from chalicelib.orders import readmodels, writes
from chalicelib.orders.errors import TooManyGuestOrders
from chalicelib.orders.models import Order
from common import clock, emails, log

MAX_ORDERS_OF_ADDRESS = 10  # within a day: each is mailed to it, and nobody proved it
_DAY = 24 * 3600
_PAGE_SIZE = 100
_TOKEN_BYTES = 32


def note_guest(order: Order, email: str) -> None:
    """Write into a new order where its notices go, and a token that opens it.

    Raises: TooManyGuestOrders.
    """
    order.guest_email = emails.normalize(email)
    _require_few_orders(order.guest_email)
    order.order_token = secrets.token_urlsafe(_TOKEN_BYTES)


def join_orders(user_id: str) -> None:
    """Give the account the guests' orders with its address, if that is proved.

    Idempotent. Each write takes an order out of the index, so a repeat goes on where it ended.
    """
    email = readmodels.find_proved_email(user_id)
    if email is None:
        return
    for order in Order.by_guest_email.query(email, page_size=_PAGE_SIZE):
        _join(order.order_id, user_id, email)


def _join(order_id: str, user_id: str, email: str) -> None:
    """Make the order the account's. Its token goes on opening it."""
    actions: list[Action] = [
        Order.guest_id.set(Order.user_id),
        Order.user_id.set(user_id),
        Order.guest_email.remove(),
    ]
    unread = Order(order_id, version=0)  # from None it would be set to 1, not counted up
    if writes.update_alone(unread, actions, Order.guest_email == email):
        log.logger.info("guest's order joined", extra={"orderId": order_id, "userId": user_id})


def _require_few_orders(email: str) -> None:
    """Keep strangers from flooding an address with mails. Eventually consistent.

    Raises: TooManyGuestOrders.
    """
    since = clock.iso(clock.epoch() - _DAY)
    orders = Order.by_guest_email.query(
        email, Order.created_at > since, limit=MAX_ORDERS_OF_ADDRESS
    )
    times = [order.created_at for order in orders]
    if len(times) == MAX_ORDERS_OF_ADDRESS:
        oldest = int(datetime.fromisoformat(times[0]).timestamp())
        raise TooManyGuestOrders(max(1, oldest + _DAY - clock.epoch()))
