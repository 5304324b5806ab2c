"""Carts of people who have not logged in. Whoever knows the secret has the cart; no name, address or token belongs to it."""

import hashlib
import secrets

from pynamodb.expressions.condition import Condition

from chalicelib.carts.errors import CartNotFound, GuestCartMerged, GuestCartMissing
from chalicelib.carts.models import MERGED, OPEN, GuestCart
from chalicelib.carts.schemas import GUEST_CART, NewGuestCart
from common import clock, transactions

LIFE_SECONDS = 30 * 24 * 3600
_SECRET_BYTES = 32


def create() -> NewGuestCart:
    """An empty cart and the secret that opens it, for 30 days. Repeated it makes another one, which expires unused."""
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    expires_at = clock.epoch() + LIFE_SECONDS
    GuestCart(owner(secret), expires_at=expires_at).save()
    return NewGuestCart(guest_cart=secret, expires_at=clock.iso(expires_at))


def owner(secret: str | None) -> str:
    """Whose cart the secret opens, as the table has it: GUEST# and a hash. GuestCartMissing without a secret.

    Nobody guesses 256 random bits, so that one round of SHA-256 keeps them from whoever reads the table.
    """
    if not secret:
        raise GuestCartMissing(
            f"{GUEST_CART.name}: expected the guestCart that POST /cart/guest gave"
        )
    return f"GUEST#{hashlib.sha256(secret.encode()).hexdigest()}"


def find(guest_id: str) -> GuestCart:
    """The cart as of now, open or merged; CartNotFound if there is none, or no longer."""
    try:
        guest = GuestCart.get(guest_id, GuestCart().key, consistent_read=True)
    except GuestCart.DoesNotExist:
        raise not_found() from None
    if guest.expires_at <= clock.epoch():
        raise not_found()
    return guest


def find_open(guest_id: str) -> GuestCart:
    """The cart if it can be used; CartNotFound as `find`, GuestCartMerged once it went to an account."""
    guest = find(guest_id)
    if guest.status == MERGED:
        raise GuestCartMerged("this cart went to the account that logged in")
    return guest


def still_open(guest: GuestCart) -> transactions.Operation:
    """Part of every transaction that puts something in: a cart that was merged meanwhile takes nothing more."""
    return transactions.check(GuestCart, guest.user_id, guest.key, condition=is_open())


def is_open() -> Condition:
    """What must hold of the row."""
    return GuestCart.status == OPEN


def not_found() -> CartNotFound:
    """The same words whatever the cause: they tell nobody which secrets are, or were, somebody's."""
    return CartNotFound("there is no such guest cart, or it has expired")
