"""The verbs of a notification: tell the customer, tell the team."""

from chalicelib.checkout.models import Order, find_order
from chalicelib.notifications import channels
from chalicelib.notifications.errors import RecipientGone
from chalicelib.notifications.models import ERASED, SENT, SETTLED, UNREACHABLE, Notification
from chalicelib.notifications.schemas import Notice
from common import clock, events, ids, money

CUSTOMER = "customer"
ADMIN = "admin"
INVENTORY = "inventory"
RECEIPT = "RECEIPT"

_CONFIRMED = "ORDER_CONFIRMED"
_FAILED = "ORDER_FAILED"
_SUBJECT = "News from the shop"


def send_notification(notice: Notice) -> Notification:
    """Tell the customer by mail or SMS, and the team what concerns it of an order that was confirmed or failed.

    A customer who deleted the account is told nothing, the team is. Raises RecipientUnknown. Safe to repeat: what is about an order, or of a kind that a customer gets once, is sent once.
    """
    # The team first: goods are to be picked, whether or not the customer's mail can be sent.
    if notice.kind == _CONFIRMED and notice.order_id:
        _tell_team_of_sale(notice)
    if notice.kind == _FAILED and notice.order_id:
        _told(_for_team(notice, "An order failed", notice.message), ADMIN)
    return _told(notice, CUSTOMER)


def send_receipt(done: events.OrderDone) -> Notification:
    """Mail the receipt of a finished order, once."""
    number = ids.suffix(done.order_id)
    return _told(
        Notice(
            user_id=done.user_id,
            kind=RECEIPT,
            subject=f"Your receipt for order #{number}",
            message=_receipt(done, find_order(done.order_id)),
            order_id=done.order_id,
        ),
        CUSTOMER,
    )


def forget(user_id: str) -> None:
    """Erase the texts to a customer who deleted the account. That they were told stays, with the orders that it is about.

    Safe to repeat.
    """
    for row in Notification.by_user.query(user_id):
        if row.audience == CUSTOMER:
            row.erase()


def _told(notice: Notice, audience: str) -> Notification:
    """Send it unless that was settled before; the row is there first, and stays PENDING if sending fails."""
    row = _row(notice, audience)
    if row.status in SETTLED:
        return row
    try:
        channels.to_customer(row) if audience == CUSTOMER else channels.to_team(row)
        row.status, row.sent_at = SENT, clock.now()
    except RecipientGone:
        row.status, row.subject, row.message = UNREACHABLE, ERASED, ERASED
    row.save()
    return row


def _row(notice: Notice, audience: str) -> Notification:
    identity = _identity(notice, audience)
    try:
        return Notification.get(identity, consistent_read=True)
    except Notification.DoesNotExist:
        row = Notification(
            identity,
            user_id=notice.user_id,
            audience=audience,
            type=notice.type,
            kind=notice.kind,
            order_id=notice.order_id,
            subject=notice.subject or _SUBJECT,
            message=notice.message,
        )
        row.save()
        return row


def _identity(notice: Notice, audience: str) -> str:
    """The same for each repeat of a notification that is about something; a new one for what is about nothing."""
    about, kind = notice.order_id or notice.user_id, notice.kind
    if kind is None and notice.order_id is None:
        return ids.new("NOTIF")
    return ids.deterministic("NOTIF", about, kind or notice.message, audience, notice.type)


def _tell_team_of_sale(notice: Notice) -> None:
    order = find_order(str(notice.order_id))
    if order is None:
        return
    total = money.format_amount(order.total_minor, order.currency)
    _told(
        _for_team(notice, "An order was paid", f"Order #{ids.suffix(order.order_id)}: {total}."),
        ADMIN,
    )
    _told(_for_team(notice, "An order is to be picked", _pick_list(order)), INVENTORY)


def _for_team(notice: Notice, subject: str, message: str) -> Notice:
    return Notice(
        user_id=notice.user_id,
        kind=notice.kind,
        subject=subject,
        message=message,
        order_id=notice.order_id,
    )


def _pick_list(order: Order) -> str:
    lines = [f"{line.qty} x {line.name or ''} ({line.product_id})" for line in order.lines]
    return "\n".join([f"Pick for order #{ids.suffix(order.order_id)}:", *lines])


def _receipt(done: events.OrderDone, order: Order | None) -> str:
    """Lines with names and prices as the order has them; without the order, what the event says."""
    if order is None:
        lines = [f"{line.qty} x {line.product_id}" for line in done.items]
    else:
        lines = [
            f"{line.qty} x {line.name or line.product_id}: {money.format_amount(line.line_total_minor, order.currency)}"
            for line in order.lines
        ]
    head = f"Your receipt for order #{ids.suffix(done.order_id)}, {done.occurred_at[:10]}"
    total = money.format_amount(money.minor(done.total_amount, done.currency), done.currency)
    foot = [f"Total: {total}", f"Payment: {done.payment_id}"]
    return "\n".join([head, "", *lines, "", *foot])
