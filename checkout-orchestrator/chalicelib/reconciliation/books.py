"""What each side says of one order: order-service, the payment's row, the gateways, the stock, and who was told.

Every row is read as it is at that moment, yet not all at the same moment: what looks wrong is looked at a second time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from chalicelib.audit.models import InventoryAudit
from chalicelib.checkout import sagas
from chalicelib.checkout.models import CREATED
from chalicelib.notifications.models import Notification
from chalicelib.payments import gateway
from chalicelib.payments import models as payments
from chalicelib.payments.gateway import Intent
from chalicelib.payments.models import Payment
from chalicelib.reconciliation.models import COMPLETED, EventLog, Order, Reservation
from common import ids

Intents = Mapping[str, Intent]  # by gateway and id, such as `stripe pi_3Q...`


@dataclass(frozen=True)
class Books:
    """One order, as everybody has it; None where nobody has heard of it. `saga` is looked up only while it is CREATED."""

    order_id: str
    order: Order | None = None
    payment: Payment | None = None
    intents: Intents = field(default_factory=dict)
    reservation: Reservation | None = None
    audited: InventoryAudit | None = None
    notices: Sequence[Notification] = ()
    heard: EventLog | None = None
    saga: str | None = None

    @property
    def captured(self) -> int:
        """Minor units that the gateways took for it."""
        return sum(intent.received for intent in self.intents.values())

    @property
    def refunded(self) -> int:
        """Minor units that the gateways gave back of it."""
        return sum(intent.refunded for intent in self.intents.values())

    @property
    def own(self) -> Intent | None:
        """The intent that its payment names."""
        if self.payment is None or self.payment.intent_id is None:
            return None
        return self.intents.get(key(self.payment.gateway, self.payment.intent_id))

    @property
    def kept(self) -> int:
        """Minor units that the shop has of its customer."""
        return self.captured - self.refunded


def of_order(order_id: str, known: Intents | None = None, days: Iterable[str] = ()) -> Books:
    """All that is known of the order. `known` intents are taken as they are; the payment's own is asked for if it is not among them.

    The audit is looked up under the order's own days and the given ones. Raises GatewayUnavailable, and PaymentRejected for an
    intent that the gateway does not know.
    """
    order, payment = _order(order_id), payments.find(order_id)
    heard = _heard(order_id)
    return Books(
        order_id,
        order=order,
        payment=payment,
        intents=_with_own(payment, known or {}),
        reservation=_reservation(order_id),
        audited=_audited(order_id, dict.fromkeys([*_days(order, heard), *days])),
        notices=_notices(order),
        heard=heard,
        saga=sagas.status(order_id) if order and order.status == CREATED else None,
    )


def looked_up(keys: Iterable[str]) -> dict[str, Intent]:
    """These intents as they are now. Raises as `of_order` does."""
    return {key: _retrieved(*key.split(" ", 1)) for key in keys}


def key(name: str, intent_id: str) -> str:
    """How an intent is told from all others."""
    return f"{name} {intent_id}"


def _with_own(payment: Payment | None, known: Intents) -> Intents:
    if payment is None or payment.intent_id is None:
        return known
    own = key(payment.gateway, payment.intent_id)
    return known if own in known else {**known, **looked_up([own])}


def _retrieved(name: str, intent_id: str) -> Intent:
    return gateway.named(name).retrieve(intent_id)


def _order(order_id: str) -> Order | None:
    try:
        return Order.get(order_id, consistent_read=True)
    except Order.DoesNotExist:
        return None


def _reservation(order_id: str) -> Reservation | None:
    try:
        return Reservation.get(order_id, consistent_read=True)
    except Reservation.DoesNotExist:
        return None


def _heard(order_id: str) -> EventLog | None:
    """What analytics has made of order.done, if it has heard it."""
    try:
        found = EventLog.get(done_event_id(order_id), consistent_read=True)
    except EventLog.DoesNotExist:
        return None
    return found if found.event_type == COMPLETED else None


def done_event_id(order_id: str) -> str:
    """The id that the state machine gives to the order's order.done."""
    return f"EVT#{ids.suffix(order_id)}"


def _audited(order_id: str, days: Iterable[str]) -> InventoryAudit | None:
    """The order's audit row, which is filed under the day of its sale."""
    for day in days:
        try:
            return InventoryAudit.get(day, order_id, consistent_read=True)
        except InventoryAudit.DoesNotExist:
            continue
    return None


def _days(order: Order | None, heard: EventLog | None) -> Iterator[str]:
    """On which the order may have been sold, the likeliest first; a saga takes a day at most."""
    if heard:
        yield heard.timestamp[:10]
    if order:
        placed = order.created_at[:10]
        yield from (
            placed,
            (date.fromisoformat(placed) + timedelta(days=1)).isoformat(),
            order.updated_at[:10],
        )


def _notices(order: Order | None) -> list[Notification]:
    if order is None:
        return []
    since = Notification.created_at >= order.created_at
    of_this = Notification.order_id == order.order_id
    return list(Notification.by_user.query(order.user_id, since, of_this))
