"""Ship the goods of paid orders in parts, and note that they were delivered.

Shipments are part of the order's row and written with an optimistic lock on its version: of a
shipment and a cancellation, a refund or another shipment at the same moment the second sees what
the first left.
"""

import hashlib
from collections.abc import Callable

import msgspec
from pynamodb.expressions.condition import Condition

from chalicelib.configuration.errors import IdempotencyKeyReused
from chalicelib.orders import fulfilment, lookups
from chalicelib.orders.models import Order, Shipment, ShipmentLine
from chalicelib.orders.pricing import Quantities, merge_lines
from chalicelib.orders.refund_records import CONFLICT_RETRIES, contended
from chalicelib.orders.schemas import ProductQuantity
from chalicelib.orders.statuses import (
    SHIPMENT_TRANSITIONS,
    SHIPPABLE_STATUSES,
    ShipmentStatus,
    fulfilments_before,
)
from chalicelib.orders.views import ShipmentView
from chalicelib.shipments.errors import (
    NothingToShip,
    OrderNotShippable,
    ShipmentNotFound,
    ShipmentTooLarge,
    TooManyShipments,
)
from chalicelib.shipments.schemas import NewShipment
from common import clock, dynamodb, ids
from common.auth import Caller

MAX_SHIPMENTS = 50  # of one order: they are all in its row, which DynamoDB limits to 400 KB
# A cancellation has the opposite conditions: it is CANCELLING, and was not shipped.
IS_SHIPPABLE: Condition = Order.status.is_in(*SHIPPABLE_STATUSES)


def ship_order(order_id: str, caller: Caller, request: NewShipment, key: str) -> ShipmentView:
    """Note that goods of a paid order left the warehouse.

    Publishes OrderShipped. Idempotent by the key. Not undone.

    Raises: OrderNotFound, OrderNotShippable, NothingToShip, ShipmentTooLarge, TooManyShipments,
    OrderContended; IdempotencyKeyReused when the key came with another body.
    """

    def add(order: Order) -> bool:
        if _find(order, shipment_id) is not None:
            return False
        _validate_shippable(order)
        shipment = _new_shipment(order, caller, request, shipment_id)
        order.shipments = [*(order.shipments or []), shipment]
        return True

    order_id = ids.parse("ORDER", order_id)
    shipment_id = ids.deterministic("SHIP", order_id, key)
    shipment = _change(order_id, shipment_id, add, IS_SHIPPABLE)
    if shipment.request_hash != _hash(request):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    return ShipmentView.of(shipment)


def deliver_shipment(order_id: str, shipment_id: str, caller: Caller) -> ShipmentView:
    """Note that a shipment was delivered.

    Publishes OrderDelivered. Idempotent. Not undone.

    Raises: OrderNotFound, ShipmentNotFound, OrderContended.
    """

    def deliver(order: Order) -> bool:
        shipment = _find(order, shipment_id)
        if shipment is None:
            raise ShipmentNotFound(f"{order.order_id} has no shipment {shipment_id}")
        if ShipmentStatus.DELIVERED not in SHIPMENT_TRANSITIONS[ShipmentStatus(shipment.status)]:
            return False
        shipment.status, shipment.delivered_at = ShipmentStatus.DELIVERED, clock.now()
        shipment.delivered_by = caller.user_id
        return True

    order_id, shipment_id = ids.parse("ORDER", order_id), ids.parse("SHIP", shipment_id)
    return ShipmentView.of(_change(order_id, shipment_id, deliver, Order.shipments.exists()))


def _change(
    order_id: str, shipment_id: str, change: Callable[[Order], bool], condition: Condition
) -> Shipment:
    """Change the shipments unless `change` is False, and return the one named."""
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(order_id)
        is_done = not change(order) or _save(order, condition)
        shipment = _find(order, shipment_id)
        if is_done and shipment is not None:
            return shipment
    raise contended(order_id)


def _save(order: Order, condition: Condition) -> bool:
    """Write the shipments and what follows. False if the order changed since."""
    derived = fulfilment.derive_status(order, order.status)
    may_follow = Order.fulfilment_status.is_in(*fulfilments_before(derived))
    return dynamodb.update_if(
        order,
        [
            Order.shipments.set(order.shipments),
            Order.updated_at.set(clock.now()),
            *fulfilment.actions_of(order, order.status),
        ],
        condition & (Order.fulfilment_status.does_not_exist() | may_follow),
    )


def _find(order: Order, shipment_id: str) -> Shipment | None:
    return next((one for one in order.shipments or [] if one.shipment_id == shipment_id), None)


def _validate_shippable(order: Order) -> None:
    if order.status not in SHIPPABLE_STATUSES:
        raise OrderNotShippable(f"{order.order_id} is {order.status}: nothing of it is shipped")
    if len(order.shipments or []) >= MAX_SHIPMENTS:
        raise TooManyShipments(f"{order.order_id} has {MAX_SHIPMENTS} shipments")


def _new_shipment(order: Order, caller: Caller, request: NewShipment, shipment_id: str) -> Shipment:
    quantities = _quantities(order, request.items)
    return Shipment(
        shipment_id=shipment_id,
        lines=[ShipmentLine(product_id=name, qty=qty) for name, qty in quantities.items()],
        carrier=request.carrier,
        tracking_number=request.tracking_number,
        tracking_url=request.tracking_url,
        request_hash=_hash(request),
        shipped_at=clock.now(),
        shipped_by=caller.user_id,
    )


def _quantities(order: Order, items: list[ProductQuantity] | None) -> Quantities:
    """Return how many of each product to ship: those named, or all that are left."""
    left = fulfilment.count_to_ship(order, order.status)
    if not left:
        raise NothingToShip(f"{order.order_id}: all of it was shipped or refunded")
    quantities = left if items is None else merge_lines(items)
    too_many = [
        f"{product_id}: {qty} named, {left.get(product_id, 0)} left"
        for product_id, qty in quantities.items()
        if qty > left.get(product_id, 0)
    ]
    if too_many:
        raise ShipmentTooLarge("; ".join(too_many))
    return quantities


def _hash(request: NewShipment) -> str:
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()
