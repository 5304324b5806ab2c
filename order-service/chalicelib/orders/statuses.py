"""The statuses of orders and what belongs to them, and which may follow which."""

from enum import StrEnum


class OrderStatus(StrEnum):
    """How far an order got."""

    CREATED = "CREATED"
    CONFIRMED = "CONFIRMED"
    FAILED = "FAILED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"  # before it was paid
    CANCELLING = "CANCELLING"  # after it was paid: it is not shipped, and its money goes back
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    REFUNDED = "REFUNDED"


class FulfilmentStatus(StrEnum):
    """How much of a paid order was shipped: a second axis beside its status."""

    UNFULFILLED = "UNFULFILLED"
    PARTLY_FULFILLED = "PARTLY_FULFILLED"
    FULFILLED = "FULFILLED"
    DELIVERED = "DELIVERED"


class ShipmentStatus(StrEnum):
    """How far a shipment got."""

    SHIPPED = "SHIPPED"
    DELIVERED = "DELIVERED"


class ReturnStatus(StrEnum):
    """How far a return got. Goods may come back in parts."""

    REQUESTED = "REQUESTED"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    PARTLY_RECEIVED = "PARTLY_RECEIVED"
    RECEIVED = "RECEIVED"


class RefundStatus(StrEnum):
    """Whether the gateway has made a refund. FAILED can be retried."""

    REQUESTED = "REQUESTED"
    DONE = "DONE"
    FAILED = "FAILED"


class DisputeStatus(StrEnum):
    """Whether the customer's bank has decided a dispute, and for whom."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


TRANSITIONS: dict[OrderStatus, frozenset[OrderStatus]] = {
    OrderStatus.CREATED: frozenset(
        {OrderStatus.CONFIRMED, OrderStatus.FAILED, OrderStatus.EXPIRED, OrderStatus.CANCELLED}
    ),
    OrderStatus.CONFIRMED: frozenset(
        {OrderStatus.CANCELLING, OrderStatus.PARTLY_REFUNDED, OrderStatus.REFUNDED}
    ),
    OrderStatus.PARTLY_REFUNDED: frozenset(
        {OrderStatus.CANCELLING, OrderStatus.PARTLY_REFUNDED, OrderStatus.REFUNDED}
    ),
    OrderStatus.CANCELLING: frozenset({OrderStatus.CANCELLING, OrderStatus.REFUNDED}),
    # A refund that was made can fail at the customer's bank, days later.
    OrderStatus.REFUNDED: frozenset({OrderStatus.CANCELLING, OrderStatus.PARTLY_REFUNDED}),
    OrderStatus.FAILED: frozenset(),
    OrderStatus.EXPIRED: frozenset(),
    OrderStatus.CANCELLED: frozenset(),
}

PAID_STATUSES = frozenset(
    {
        OrderStatus.CONFIRMED,
        OrderStatus.PARTLY_REFUNDED,
        OrderStatus.CANCELLING,
        OrderStatus.REFUNDED,
    }
)

FULFILMENT_TRANSITIONS: dict[FulfilmentStatus, frozenset[FulfilmentStatus]] = {
    FulfilmentStatus.UNFULFILLED: frozenset(
        {FulfilmentStatus.PARTLY_FULFILLED, FulfilmentStatus.FULFILLED}
    ),
    FulfilmentStatus.PARTLY_FULFILLED: frozenset(
        {
            FulfilmentStatus.PARTLY_FULFILLED,
            FulfilmentStatus.FULFILLED,
            FulfilmentStatus.DELIVERED,
        }
    ),
    # A refund of the rest that failed at the customer's bank leaves goods to ship.
    FulfilmentStatus.FULFILLED: frozenset(
        {
            FulfilmentStatus.FULFILLED,
            FulfilmentStatus.DELIVERED,
            FulfilmentStatus.PARTLY_FULFILLED,
        }
    ),
    FulfilmentStatus.DELIVERED: frozenset({FulfilmentStatus.PARTLY_FULFILLED}),
}

SHIPMENT_TRANSITIONS: dict[ShipmentStatus, frozenset[ShipmentStatus]] = {
    ShipmentStatus.SHIPPED: frozenset({ShipmentStatus.DELIVERED}),
    ShipmentStatus.DELIVERED: frozenset(),
}

RETURN_TRANSITIONS: dict[ReturnStatus, frozenset[ReturnStatus]] = {
    ReturnStatus.REQUESTED: frozenset({ReturnStatus.APPROVED, ReturnStatus.REJECTED}),
    # What was approved and never came is rejected, so that its goods can be returned again.
    ReturnStatus.APPROVED: frozenset(
        {ReturnStatus.REJECTED, ReturnStatus.PARTLY_RECEIVED, ReturnStatus.RECEIVED}
    ),
    ReturnStatus.PARTLY_RECEIVED: frozenset({ReturnStatus.PARTLY_RECEIVED, ReturnStatus.RECEIVED}),
    ReturnStatus.RECEIVED: frozenset(),
    ReturnStatus.REJECTED: frozenset(),
}

# Those in which a shipment may leave.
SHIPPABLE_STATUSES = frozenset({OrderStatus.CONFIRMED, OrderStatus.PARTLY_REFUNDED})


def statuses_before(status: OrderStatus) -> list[OrderStatus]:
    """Return the statuses from which an order may get this one."""
    return [earlier for earlier, later in TRANSITIONS.items() if status in later]


def fulfilments_before(status: FulfilmentStatus) -> list[FulfilmentStatus]:
    """Return the fulfilment statuses from which an order may get this one."""
    return [earlier for earlier, later in FULFILMENT_TRANSITIONS.items() if status in later]
