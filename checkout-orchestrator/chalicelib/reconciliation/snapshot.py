"""What each table and gateway holds of one order, read together.

Every row is read with a strongly consistent read, but not all at the same moment: so an order
that looks wrong is read a second time.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from chalicelib.audit.models import InventoryAudit
from chalicelib.notifications.models import Notification, list_order_notifications
from chalicelib.payments.gateways.port import Intent, intent_key
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.models import Payment, find_payment
from chalicelib.readmodels.event_logs import EventLog, find_completed_order
from chalicelib.readmodels.inventory import Reservation, find_reservation
from chalicelib.readmodels.orders import Order, OrderStatus, find_order
from chalicelib.saga import executions
from common import dynamodb, ids

Intents = Mapping[str, Intent]  # by gateway and id, such as `stripe pi_3Q...`


@dataclass(frozen=True)
class OrderSnapshot:
    """One order in all tables and gateways, None where there is nothing.

    `saga`, the status of its execution, is read only while the order is CREATED.
    """

    order_id: str
    order: Order | None = None
    payment: Payment | None = None
    intents: Intents = field(default_factory=dict)
    reservation: Reservation | None = None
    audit: InventoryAudit | None = None
    notifications: Sequence[Notification] = ()
    event_log: EventLog | None = None
    saga: str | None = None

    @property
    def captured(self) -> int:
        """Minor units that the gateways captured."""
        return sum(intent.received for intent in self.intents.values())

    @property
    def refunded(self) -> int:
        """Minor units that the gateways refunded."""
        return sum(intent.refunded for intent in self.intents.values())

    @property
    def payment_intent(self) -> Intent | None:
        """The intent that the payment's row names."""
        if self.payment is None or self.payment.intent_id is None:
            return None
        return self.intents.get(intent_key(self.payment.gateway, self.payment.intent_id))

    @property
    def kept(self) -> int:
        """Minor units that were captured and not refunded."""
        return self.captured - self.refunded


def read_snapshot(
    order_id: str, known: Intents | None = None, days: Iterable[str] = ()
) -> OrderSnapshot:
    """Read all that there is of the order.

    `known` intents are not read again; the payment's own is, unless it is among them. The audit is
    looked up under the order's own days and the given ones. Raises: GatewayUnavailable;
    PaymentRejected for an intent that the gateway does not know.
    """
    order, payment = find_order(order_id), find_payment(order_id)
    event_log = find_completed_order(done_event_id(order_id))
    is_created = order is not None and order.status == OrderStatus.CREATED
    return OrderSnapshot(
        order_id,
        order=order,
        payment=payment,
        intents=_with_payment_intent(payment, known or {}),
        reservation=find_reservation(order_id),
        audit=_find_audit(order_id, dict.fromkeys([*_likely_days(order, event_log), *days])),
        notifications=_list_notifications(order),
        event_log=event_log,
        saga=executions.find_status(order_id) if is_created else None,
    )


def retrieve_intents(keys: Iterable[str]) -> dict[str, Intent]:
    """Read these intents as they are now. Raises: as read_snapshot."""
    return {key: _retrieve_intent(key) for key in keys}


def done_event_id(order_id: str) -> str:
    """The id that the state machine gives to the order's order.done."""
    return f"EVT#{ids.suffix(order_id)}"


def _with_payment_intent(payment: Payment | None, known: Intents) -> Intents:
    if payment is None or payment.intent_id is None:
        return known
    key = intent_key(payment.gateway, payment.intent_id)
    return known if key in known else {**known, key: _retrieve_intent(key)}


def _retrieve_intent(key: str) -> Intent:
    gateway, intent_id = key.split(" ", 1)
    return get_gateway(gateway).retrieve_intent(intent_id)


def _find_audit(order_id: str, days: Iterable[str]) -> InventoryAudit | None:
    """Find the order's audit row, whose key is the day of its sale."""
    for day in days:
        audit = dynamodb.find(InventoryAudit, day, order_id)
        if audit:
            return audit
    return None


def _likely_days(order: Order | None, event_log: EventLog | None) -> Iterator[str]:
    """The possible days of the sale, the likeliest first: a saga takes a day."""
    if event_log:
        yield event_log.timestamp[:10]
    if order:
        placed = date.fromisoformat(order.created_at[:10])
        yield placed.isoformat()
        yield (placed + timedelta(days=1)).isoformat()
        yield order.updated_at[:10]


def _list_notifications(order: Order | None) -> list[Notification]:
    if order is None:
        return []
    owners = filter(None, [order.user_id, order.guest_id])  # of one that has joined both
    return [
        notification
        for owner in owners
        for notification in list_order_notifications(owner, order.order_id, order.created_at)
    ]
