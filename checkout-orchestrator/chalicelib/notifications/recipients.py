"""Whom a notification reaches: an account, or a guest by the order's address."""

from typing import NamedTuple

from chalicelib.notifications.errors import RecipientGone, RecipientUnknown, RecipientUnproved
from chalicelib.notifications.models import Notification
from chalicelib.readmodels.orders import Order, find_order
from chalicelib.readmodels.users import find_user, was_deleted
from common import ids


class Recipient(NamedTuple):
    """Where a customer can be reached, and how mails greet."""

    email: str | None
    phone: str | None = None
    greeting: str = "Hello"
    order_token: str | None = None  # of a guest, for the link to the order


def get_recipient(notification: Notification) -> Recipient:
    """Return whom to reach: of a guest's order that has joined, its account.

    Raises: RecipientUnknown, RecipientGone; RecipientUnproved for a guest's order that is not
    paid, because anybody could have it mailed to any address.
    """
    if not ids.is_guest(notification.user_id):
        return _get_account(notification.user_id)
    order = find_order(notification.order_id) if notification.order_id else None
    if order is None:
        raise RecipientUnknown(f"there is no order of {notification.user_id}")
    return _get_guest(order) if ids.is_guest(order.user_id) else _get_account(order.user_id)


def _get_guest(order: Order) -> Recipient:
    if not order.is_paid:
        raise RecipientUnproved(order.order_id)
    return Recipient(order.guest_email, order_token=order.order_token)


def _get_account(user_id: str) -> Recipient:
    """Return the account's. It is greeted by name once its address is proved.

    Until then the name may be a stranger's text.
    """
    user = find_user(user_id)
    if user is None:
        raise (
            RecipientGone(user_id)
            if was_deleted(user_id)
            else RecipientUnknown(f"there is no user {user_id}")
        )
    is_named = user.name and user.email_verified_at
    return Recipient(user.email, user.phone, f"Hello {user.name}" if is_named else "Hello")
