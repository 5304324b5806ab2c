"""Mail customers what was shipped of their orders, and that they go elsewhere."""

from typing import Any

from chalicelib.notifications import notices, service
from chalicelib.notifications.models import Notification
from chalicelib.notifications.notices import Notice, NoticeKind
from chalicelib.notifications.schemas import NotificationRequest
from chalicelib.readmodels.orders import Order, find_order, shown_number
from common import events, ids


def process_message(message: dict[str, Any]) -> Notification:
    """Mail what the event in a queue's message says. Idempotent.

    Raises: EventNotUnderstood; RecipientUnknown.
    """
    if message.get("detail-type") == events.OrderDelivered.detail_type:
        return notify_delivered(events.parse(events.OrderDelivered, message))
    if message.get("detail-type") == events.OrderAddressChanged.detail_type:
        return notify_address_changed(events.parse(events.OrderAddressChanged, message))
    return notify_shipped(events.parse(events.OrderShipped, message))


def notify_shipped(event: events.OrderShipped) -> Notification:
    """Mail what a parcel holds, and where to follow it. Idempotent."""
    return _mail(NoticeKind.ORDER_SHIPPED, event, tracking=_describe_tracking(event))


def notify_delivered(event: events.OrderDelivered) -> Notification:
    """Mail that a parcel was delivered. Idempotent."""
    return _mail(NoticeKind.ORDER_DELIVERED, event)


def notify_address_changed(event: events.OrderAddressChanged) -> Notification:
    """Mail that an order goes to another address: somebody else may have done it.

    Idempotent. The text names no address, and the time, which makes it unique.
    """
    notice = notices.compose(
        NoticeKind.ADDRESS_CHANGED,
        number=shown_number(event.order_id, find_order(event.order_id)),
        at=event.occurred_at,
        link=notices.link_order(event.order_id),
    )
    return service.send_notification(_request(event, notice))


def _mail(
    kind: NoticeKind, event: events.OrderShipped | events.OrderDelivered, **values: str
) -> Notification:
    order = find_order(event.order_id)
    notice = notices.compose(
        kind,
        number=shown_number(event.order_id, order),
        lines="\n".join(_list_goods(event.items, order)),
        shipment=ids.suffix(event.shipment_id),
        link=notices.link_order(event.order_id),
        **values,
    )
    return service.send_notification(_request(event, notice))


def _request(
    event: events.OrderShipped | events.OrderDelivered | events.OrderAddressChanged,
    notice: Notice,
) -> NotificationRequest:
    """Return the message to the customer.

    Without a kind, as an order can have several parcels: the text, which names the parcel or the
    time, makes each notification unique.
    """
    return NotificationRequest(
        user_id=event.user_id,
        subject=notice.subject,
        message=notice.message,
        order_id=event.order_id,
    )


def _list_goods(lines: list[events.Line], order: Order | None) -> list[str]:
    names = {line.product_id: line.name for line in order.lines} if order else {}
    return [f"{line.qty} x {names.get(line.product_id) or line.product_id}" for line in lines]


def _describe_tracking(event: events.OrderShipped) -> str:
    parts = [
        f"Carrier: {event.carrier}",
        event.tracking_number and f"Tracking number: {event.tracking_number}",
        event.tracking_url,
    ]
    return "\n".join(part for part in parts if part)
