"""Mail customers what happens to the parcels of their orders, and where to."""

from typing import Any

from chalicelib.notifications import notices, service
from chalicelib.notifications.models import Notification
from chalicelib.notifications.notices import Notice, NoticeKind
from chalicelib.notifications.schemas import NotificationRequest
from chalicelib.readmodels.orders import Order, find_order, shown_number
from common import events, ids, money

GoodsEvent = events.OrderShipped | events.OrderDelivered | events.ReturnEvent
ParcelEvent = GoodsEvent | events.OrderAddressChanged

_NOTICES: dict[type[ParcelEvent], NoticeKind] = {
    events.OrderShipped: NoticeKind.ORDER_SHIPPED,
    events.OrderDelivered: NoticeKind.ORDER_DELIVERED,
    events.OrderAddressChanged: NoticeKind.ADDRESS_CHANGED,
    events.ReturnRequested: NoticeKind.RETURN_REQUESTED,
    events.ReturnApproved: NoticeKind.RETURN_APPROVED,
    events.ReturnRejected: NoticeKind.RETURN_REJECTED,
    events.ReturnReceived: NoticeKind.RETURN_RECEIVED,
}
_EVENTS = {event.detail_type: event for event in _NOTICES}


def process_message(message: dict[str, Any]) -> Notification:
    """Mail what the event in a queue's message says. Idempotent.

    Raises: EventNotUnderstood; RecipientUnknown.
    """
    kind = _EVENTS.get(message.get("detail-type", ""), events.OrderShipped)
    return notify(events.parse(kind, message))


def notify(event: ParcelEvent) -> Notification:
    """Mail what happened to goods of an order, or where they go now. Idempotent."""
    order = find_order(event.order_id)
    notice = notices.compose(
        _NOTICES[type(event)],
        number=shown_number(event.order_id, order),
        link=notices.link_order(event.order_id),
        **_describe(event, order),
    )
    return service.send_notification(_request(event, notice))


def _request(event: ParcelEvent, notice: Notice) -> NotificationRequest:
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


def _describe(event: ParcelEvent, order: Order | None) -> dict[str, str]:
    """Return what the notice of an event says besides the order.

    It names no address.
    """
    if isinstance(event, events.OrderAddressChanged):
        return {"at": event.occurred_at}
    return {"lines": "\n".join(_list_goods(event.items, order)), **_describe_goods(event)}


def _describe_goods(event: GoodsEvent) -> dict[str, str]:
    """Return what the notices of parcels say besides the goods."""
    if isinstance(event, events.ReturnReceived):
        return {
            "return_id": ids.suffix(event.return_id),
            "refund": ids.suffix(event.refund_id),
            "amount": _format_amount(event),
        }
    if isinstance(event, events.ReturnEvent):
        return {"return_id": ids.suffix(event.return_id), "note": _describe_note(event)}
    shipment = ids.suffix(event.shipment_id)
    if isinstance(event, events.OrderShipped):
        return {"shipment": shipment, "tracking": _describe_tracking(event)}
    return {"shipment": shipment}


def _format_amount(event: events.ReturnReceived) -> str:
    return money.format_amount(money.minor(event.amount, event.currency), event.currency)


def _describe_note(event: events.ReturnEvent) -> str:
    note = event.note if isinstance(event, events.ReturnApproved | events.ReturnRejected) else None
    return f"{note}\n\n" if note else ""


def _describe_tracking(event: events.OrderShipped) -> str:
    parts = [
        f"Carrier: {event.carrier}",
        event.tracking_number and f"Tracking number: {event.tracking_number}",
        event.tracking_url,
    ]
    return "\n".join(part for part in parts if part)
