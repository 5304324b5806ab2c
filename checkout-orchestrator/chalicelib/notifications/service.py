"""The verbs of a notification: notify the customer, notify the team, erase."""

from collections.abc import Iterable, Sequence
from typing import Any

from chalicelib.notifications import channels, notices, receipts
from chalicelib.notifications.errors import (
    RecipientGone,
    RecipientSuppressed,
    RecipientUnproved,
)
from chalicelib.notifications.models import (
    ERASED,
    Notification,
    NotificationStatus,
    TableRow,
    identify,
    list_order_notifications,
)
from chalicelib.notifications.notices import END_KINDS, NoticeKind
from chalicelib.notifications.schemas import NotificationRequest
from chalicelib.readmodels import payments
from chalicelib.readmodels.orders import (
    Order,
    find_order,
    list_joined_orders,
    shown_number,
)
from common import clock, dynamodb, events, ids, money, settings, step_input
from common.mails import Row

CUSTOMER = "customer"
ADMIN = "admin"
INVENTORY = "inventory"

_SUBJECT = "News from the shop"


def process_message(message: dict[str, Any]) -> Notification:
    """Notify of what a message of notification-queue says.

    Idempotent as its parts are.

    Raises: RecipientUnknown, EventNotUnderstood, StepInputInvalid.
    """
    if message.get("detail-type") == events.StockLow.detail_type:
        return notify_team_of_low_stock(events.parse(events.StockLow, message))
    return send_notification(step_input.parse(NotificationRequest, message))


def send_notification(request: NotificationRequest) -> Notification:
    """Notify the customer, and the team of an order that was confirmed or failed.

    Idempotent for what is about an order, or of a kind that a customer gets once. A customer who
    deleted the account is not notified, the team is. Raises: RecipientUnknown.
    """
    # The team first: goods are to be picked, whether or not the customer's mail can be sent.
    order = find_order(request.order_id) if request.order_id and request.kind in END_KINDS else None
    request = _with_text(request, order)
    _notify_team(request, order)
    return _send_once(request, CUSTOMER)


def send_receipt(done: events.OrderDone) -> Notification:
    """Mail the receipt of a finished order. Idempotent."""
    order = find_order(done.order_id)
    number = shown_number(done.order_id, order)
    notice = notices.compose(
        NoticeKind.RECEIPT,
        number=number,
        link=notices.link_order(done.order_id),
        day=clock.shop_day(done.occurred_at),
        payment_id=done.payment_id,
    )
    if _is_one_mail():
        notice = notices.with_confirmation(notice, number)
    request = NotificationRequest(
        user_id=done.user_id,
        kind=NoticeKind.RECEIPT,
        subject=notice.subject,
        message=notice.message,
        order_id=done.order_id,
    )
    rows = receipts.list_rows(done, order)
    return _send_once(request, CUSTOMER, rows)


def withdraw_picking(order_id: str, user_id: str) -> Notification:
    """Tell the warehouse that a cancelled order is not shipped. Idempotent."""
    order = find_order(order_id)
    lines = _list_goods(order) if order else []
    notice = notices.compose(
        NoticeKind.PICKING_WITHDRAWN, number=shown_number(order_id, order), lines="\n".join(lines)
    )
    request = NotificationRequest(
        user_id=user_id,
        kind=NoticeKind.PICKING_WITHDRAWN,
        subject=notice.subject,
        message=notice.message,
        order_id=order_id,
    )
    return _send_once(request, INVENTORY)


def notify_admins_of_dispute(
    order_id: str, user_id: str, *, status: str, amount: str, reason: str, due_by: str | None
) -> Notification:
    """Tell the admins of a dispute that was opened, won or lost. Idempotent."""
    kind = NoticeKind(f"DISPUTE_{status}")
    deadline = due_by or "the gateway's deadline"
    number = shown_number(order_id, find_order(order_id))
    notice = notices.compose(kind, number=number, amount=amount, reason=reason, due_by=deadline)
    request = NotificationRequest(
        user_id=user_id,
        kind=kind,
        subject=notice.subject,
        message=notice.message,
        order_id=order_id,
    )
    return _send_once(request, ADMIN)


def notify_team_of_low_stock(low: events.StockLow) -> Notification:
    """Tell the warehouse that a product is nearly sold out. Idempotent."""
    notice = notices.compose(
        NoticeKind.STOCK_LOW,
        name=low.name,
        product=low.sku or low.product_id,
        available=str(low.available_stock),
        threshold=str(low.threshold),
    )
    notification = Notification(
        ids.deterministic("NOTIF", low.event_id, INVENTORY),
        user_id=INVENTORY,  # it is about no customer
        audience=INVENTORY,
        type="EMAIL",
        kind=NoticeKind.STOCK_LOW,
        subject=notice.subject,
        message=notice.message,
    )
    return _finish(_find_or_save(notification))


def erase_texts(user_id: str) -> None:
    """Erase the texts to a customer who deleted the account. Idempotent.

    Also those about orders that the customer had placed as a guest. The rows stay with the orders
    that they are about: that the customer was notified is known.
    """
    _erase(Notification.by_user.query(user_id))
    for order in list_joined_orders(user_id):
        _erase(list_order_notifications(str(order.guest_id), order.order_id, order.created_at))


def _erase(notifications: Iterable[Notification]) -> None:
    for notification in notifications:
        if notification.audience == CUSTOMER:
            notification.erase()


def _with_text(request: NotificationRequest, order: Order | None) -> NotificationRequest:
    """Fill in what the request does not state from the notice of its kind."""
    if request.message is not None or request.kind is None or request.order_id is None:
        return request
    number = shown_number(request.order_id, order)
    notice = notices.compose_end(NoticeKind(request.kind), number, request.reason)
    return NotificationRequest(
        user_id=request.user_id,
        type=request.type,
        kind=request.kind,
        subject=request.subject or notice.subject,
        message=notice.message,
        order_id=request.order_id,
    )


def _send_once(
    request: NotificationRequest, audience: str, rows: Sequence[Row] = ()
) -> Notification:
    """Send it unless it was sent before. On failure the row stays PENDING."""
    return _finish(_get_or_create(request, audience, rows))


def _finish(notification: Notification) -> Notification:
    if notification.is_final:
        return notification
    if _is_in_receipt(notification):
        notification.status = NotificationStatus.IN_RECEIPT
    else:
        _send(notification)
    notification.save()
    return notification


def _send(notification: Notification) -> None:
    """Send it by its channel, and set the status. Not idempotent."""
    try:
        if notification.audience == CUSTOMER:
            channels.send_to_customer(notification)
        else:
            channels.publish_to_team(notification)
        notification.status, notification.sent_at = NotificationStatus.SENT, clock.now()
    except RecipientGone:
        notification.status = NotificationStatus.UNREACHABLE
        notification.subject = notification.message = ERASED
        notification.rows = None
    except (RecipientSuppressed, RecipientUnproved):
        notification.status = NotificationStatus.UNREACHABLE


def _is_one_mail() -> bool:
    return settings.integer("ONE_MAIL_PER_ORDER", 0) == 1


def _is_in_receipt(notification: Notification) -> bool:
    """Whether the receipt, which follows, confirms the order as well."""
    return (
        _is_one_mail()
        and notification.audience == CUSTOMER
        and notification.kind == NoticeKind.ORDER_CONFIRMED
        and notification.type == "EMAIL"
    )


def _get_or_create(
    request: NotificationRequest, audience: str, rows: Sequence[Row]
) -> Notification:
    return _find_or_save(
        Notification(
            _notification_id(request, audience),
            user_id=request.user_id,
            audience=audience,
            type=request.type,
            kind=request.kind,
            order_id=request.order_id,
            subject=request.subject or _SUBJECT,
            message=request.message,
            rows=[TableRow(label=row.label, value=row.value) for row in rows] or None,
        )
    )


def _find_or_save(notification: Notification) -> Notification:
    stored = dynamodb.find(Notification, notification.notification_id)
    if stored is None:
        notification.save()
    return stored or notification


def _notification_id(request: NotificationRequest, audience: str) -> str:
    """The same for each repeat, but new for a message of no order and no kind."""
    if request.kind is None and request.order_id is None:
        return ids.new("NOTIF")
    about = request.order_id or request.user_id
    return identify(about, request.kind or request.message, audience, request.type)


def _notify_team(request: NotificationRequest, order: Order | None) -> None:
    if request.order_id is None:
        return
    if request.kind == NoticeKind.ORDER_CONFIRMED:
        _notify_team_of_sale(request, order)
    # Anybody can have a card declined, and there is an alarm on many.
    elif request.kind == NoticeKind.ORDER_FAILED and not payments.was_declined(request.order_id):
        _send_once(_for_team(request, "An order failed", request.message or ""), ADMIN)


def _notify_team_of_sale(request: NotificationRequest, order: Order | None) -> None:
    if order is None:
        return
    total = money.format_amount(order.total_minor, order.currency)
    paid = f"Order #{order.shown_number}: {total}."
    _send_once(_for_team(request, "An order was paid", paid), ADMIN)
    if not order.is_withdrawn:
        _send_once(_for_team(request, "An order is to be picked", _pick_list(order)), INVENTORY)


def _for_team(request: NotificationRequest, subject: str, message: str) -> NotificationRequest:
    return NotificationRequest(
        user_id=request.user_id,
        kind=request.kind,
        subject=subject,
        message=message,
        order_id=request.order_id,
    )


def _pick_list(order: Order) -> str:
    return "\n".join([f"Pick for order #{order.shown_number}:", *_list_goods(order)])


def _list_goods(order: Order) -> list[str]:
    return [f"{line.qty} x {line.name or ''} ({line.product_id})" for line in order.lines]
