"""Orders of guests: whose cart it was, where its notices go, and what opens it."""

import secrets
from datetime import datetime

from chalicelib.orders.errors import TooManyGuestOrders
from chalicelib.orders.models import Order
from common import clock, emails

MAX_ORDERS_OF_ADDRESS = 10  # within a day: each is mailed to it, and nobody proved it
_DAY = 24 * 3600
_PREFIX = "GUEST#"  # of the owner of a guest's cart
_TOKEN_BYTES = 32


def is_guest(user_id: str) -> bool:
    """Whether this is the owner of a guest's cart, and of no account."""
    return user_id.startswith(_PREFIX)


def note_guest(order: Order, email: str) -> None:
    """Write into a new order where its notices go, and a token that opens it.

    Raises: TooManyGuestOrders.
    """
    order.guest_email = emails.normalize(email)
    _require_few_orders(order.guest_email)
    order.order_token = secrets.token_urlsafe(_TOKEN_BYTES)


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
