"""What happened to an order: a function of its row, the oldest first.

Each source yields the entries of one part of the row. What orders get in the future is another
source in `_SOURCES`, or in `_STAFF_SOURCES` if customers may not see it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from chalicelib.history.schemas import Actor, HistoryEntry, HistoryKind
from chalicelib.orders import lookups
from chalicelib.orders.addresses import address_fields
from chalicelib.orders.models import Order, RefundLine, ShipmentLine
from chalicelib.orders.return_models import ReceivedLine, ReturnLine
from chalicelib.orders.schemas import ProductQuantity
from chalicelib.orders.statuses import ReturnStatus
from chalicelib.orders.writes import UNPAID_ENDS
from common import money
from common.addresses import PostalAddress
from common.auth import Caller
from common.roles import Scope

Line = RefundLine | ShipmentLine | ReturnLine | ReceivedLine
Source = Callable[[Order], Iterator[HistoryEntry]]


def get_history(order_id: str, caller: Caller) -> list[HistoryEntry]:
    """Return what happened to an order, to staff also their notes and who acted.

    Raises: OrderNotFound, also for another customer's order.
    """
    return list_entries(lookups.get_for(order_id, caller), caller.may(Scope.ORDERS_READ))


def list_entries(order: Order, is_for_staff: bool) -> list[HistoryEntry]:
    """Return the entries of an order, the oldest first.

    As bounded as what the row holds.
    """
    sources = (*_SOURCES, *_STAFF_SOURCES) if is_for_staff else _SOURCES
    entries = [entry for source in sources for entry in source(order)]
    shown = entries if is_for_staff else [_without_staff_fields(entry) for entry in entries]
    return sorted(shown, key=lambda entry: entry.at)


def _without_staff_fields(entry: HistoryEntry) -> HistoryEntry:
    return msgspec.structs.replace(entry, user_id=None, address_before=None)


def _entry(
    order: Order, kind: HistoryKind, at: str, user_id: str | None = None, **more: Any
) -> HistoryEntry:
    """Return an entry. Without a `user_id` it happened by itself."""
    actor = Actor.CUSTOMER if user_id == order.user_id else Actor.SHOP
    return HistoryEntry(at=at, kind=kind, actor=actor, user_id=user_id, **more)


def _placing(order: Order) -> Iterator[HistoryEntry]:
    amount = money.decimal(order.total_minor, order.currency)
    yield _entry(order, HistoryKind.PLACED, order.created_at, order.user_id, amount=amount)
    if order.confirmed_at:
        payment_id = order.payment_id
        yield _entry(order, HistoryKind.CONFIRMED, order.confirmed_at, subject_id=payment_id)


def _ends(order: Order) -> Iterator[HistoryEntry]:
    """Yield the end of an unpaid order, which is its last change, or a cancellation."""
    if order.status in UNPAID_ENDS:
        yield _entry(order, HistoryKind(order.status), order.updated_at, text=order.reason)
    if order.cancelled_at:
        users = [one.requested_by for one in order.refunds or [] if one.cancels_order]
        yield _entry(order, HistoryKind.CANCELLED, order.cancelled_at, *users[:1])


def _address_changes(order: Order) -> Iterator[HistoryEntry]:
    for change in order.address_changes or []:
        before = PostalAddress(**address_fields(change.before))
        kind, user_id = HistoryKind.ADDRESS_CHANGED, change.changed_by
        yield _entry(order, kind, change.changed_at, user_id, address_before=before)


def _shipments(order: Order) -> Iterator[HistoryEntry]:
    for shipment in order.shipments or []:
        parcel = {"subject_id": shipment.shipment_id, "items": _items(shipment.lines)}
        by = shipment.shipped_by
        yield _entry(order, HistoryKind.SHIPPED, shipment.shipped_at, by, **parcel)
        if shipment.delivered_at:
            by = shipment.delivered_by
            yield _entry(order, HistoryKind.DELIVERED, shipment.delivered_at, by, **parcel)


def _refunds(order: Order) -> Iterator[HistoryEntry]:
    for refund in order.refunds or []:
        paid_back: dict[str, Any] = {
            "subject_id": refund.refund_id,
            "items": _items(refund.lines),
            "amount": money.decimal(refund.amount_minor, order.currency),
            "text": refund.reason,
        }
        kind, by = HistoryKind.REFUND_REQUESTED, refund.requested_by
        yield _entry(order, kind, refund.requested_at, by, **paid_back)
        if refund.done_at:
            yield _entry(order, HistoryKind.REFUNDED, refund.done_at, **paid_back)


def _returns(order: Order) -> Iterator[HistoryEntry]:
    """Yield the steps of returns. Of two decisions about one the row has the last."""
    for one in order.returns or []:
        what: dict[str, Any] = {"subject_id": one.return_id, "items": _items(one.lines)}
        kind = HistoryKind.RETURN_REQUESTED
        yield _entry(order, kind, one.requested_at, one.requested_by, **what)
        if one.decided_at:
            is_rejected = one.status == ReturnStatus.REJECTED
            kind = HistoryKind.RETURN_REJECTED if is_rejected else HistoryKind.RETURN_APPROVED
            yield _entry(order, kind, one.decided_at, one.decided_by, text=one.note, **what)
        for part in one.parts or []:
            came = {"subject_id": one.return_id, "items": _items(part.lines)}
            kind = HistoryKind.RETURN_RECEIVED
            yield _entry(order, kind, part.received_at, part.received_by, **came)


def _notes(order: Order) -> Iterator[HistoryEntry]:
    for note in order.notes or []:
        what = {"subject_id": note.note_id, "text": note.text}
        yield _entry(order, HistoryKind.NOTE, note.written_at, note.written_by, **what)


def _items(lines: Sequence[Line]) -> list[ProductQuantity] | None:
    return [ProductQuantity(product_id=line.product_id, qty=line.qty) for line in lines] or None


_SOURCES: tuple[Source, ...] = (
    _placing,
    _ends,
    _address_changes,
    _shipments,
    _returns,
    _refunds,
)
_STAFF_SOURCES: tuple[Source, ...] = (_notes,)
