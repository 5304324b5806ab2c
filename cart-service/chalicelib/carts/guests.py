"""Carts without an account, opened by a secret. They hold no personal data."""

import secrets

from pynamodb.expressions.condition import Condition

from chalicelib.carts.errors import CartNotFound, GuestCartMerged, GuestCartMissing
from chalicelib.carts.models import MERGED, OPEN, GuestCart
from chalicelib.carts.schemas import GUEST_CART, NewGuestCart
from common import clock, dynamodb, ids, transactions

_LIFE_SECONDS = 30 * 24 * 3600
_SECRET_BYTES = 32


def create_guest_cart() -> NewGuestCart:
    """Create an empty cart with its secret, for 30 days.

    Not idempotent: a repeat creates another cart, which expires unused.
    """
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = clock.epoch() + _LIFE_SECONDS
    GuestCart(owner_id(secret), expires_at=expires_at).save()
    return NewGuestCart(guest_cart=secret, expires_at=clock.iso(expires_at))


def owner_id(secret: str | None) -> str:
    """Return the owner of the cart that the secret opens.

    Raises: GuestCartMissing without a secret.
    """
    if not secret:
        raise GuestCartMissing(
            f"{GUEST_CART.name}: expected the guestCart that POST /cart/guest gave"
        )
    return ids.owner_of_guest_cart(secret)


def get_guest_cart(guest_id: str) -> GuestCart:
    """Return the cart, open or merged. Strongly consistent.

    Raises: CartNotFound, also if it has expired.
    """
    guest = dynamodb.find(GuestCart, guest_id, GuestCart().key)
    if guest is None or guest.expires_at <= clock.epoch():
        raise cart_not_found()
    return guest


def get_open_cart(guest_id: str) -> GuestCart:
    """Return the cart if it is open. Raises: CartNotFound, GuestCartMerged."""
    guest = get_guest_cart(guest_id)
    if guest.status == MERGED:
        raise GuestCartMerged("this cart went to the account that logged in")
    return guest


def open_check_op(guest: GuestCart) -> transactions.Operation:
    """The operation that keeps a transaction from adding to a merged cart."""
    return transactions.check(GuestCart, guest.user_id, guest.key, condition=is_open())


def is_open() -> Condition:
    """The condition that the cart is open."""
    return GuestCart.status == OPEN


def cart_not_found() -> CartNotFound:
    """The same error for every cause: it must not tell which secrets were valid."""
    return CartNotFound("there is no such guest cart, or it has expired")
