"""Orders of guests: whose cart it was, where its notices go, and what opens it."""

import secrets

from chalicelib.orders.models import Order
from common import emails

_PREFIX = "GUEST#"  # of the owner of a guest's cart
_TOKEN_BYTES = 32


def is_guest(user_id: str) -> bool:
    """Whether this is the owner of a guest's cart, and of no account."""
    return user_id.startswith(_PREFIX)


def note_guest(order: Order, email: str) -> None:
    """Write into a new order where its notices go, and a token that opens it."""
    order.guest_email = emails.normalize(email)
    order.order_token = secrets.token_urlsafe(_TOKEN_BYTES)
