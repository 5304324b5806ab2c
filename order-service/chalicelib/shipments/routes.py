"""The routes of shipments."""

from chalicelib.orders.errors import IdempotencyKeyReused, OrderContended, OrderNotFound
from chalicelib.orders.views import ShipmentView
from chalicelib.shipments.errors import (
    NothingToShip,
    OrderNotShippable,
    ShipmentNotFound,
    ShipmentTooLarge,
    TooManyShipments,
)
from chalicelib.shipments.schemas import NewShipment
from common import lazy_imports
from common.api import Api, Request
from common.roles import Scope

with lazy_imports.until_first_use():
    from chalicelib.shipments import service


def declare(api: Api) -> None:
    """Declare the routes."""
    api.post(
        "/order/{order_id}/shipments",
        scope=Scope.SHIPMENTS_WRITE,
        summary="Ship goods of a paid order, all or a part",
        description=(
            "Without `items` all that is left is shipped. It needs an `Idempotency-Key`, because"
            " two equal parcels may both be meant. An order of which something was shipped cannot"
            " be cancelled any more, and of one that is being cancelled nothing is shipped."
        ),
        body=NewShipment,
        returns=ShipmentView,
        status=201,
        errors=[
            OrderNotFound,
            OrderNotShippable,
            NothingToShip,
            ShipmentTooLarge,
            TooManyShipments,
            IdempotencyKeyReused,
            OrderContended,
        ],
        idempotency_key=True,
    )(ship_order)
    api.post(
        "/order/{order_id}/shipments/{shipment_id}/deliver",
        scope=Scope.SHIPMENTS_WRITE,
        summary="Note that a shipment was delivered",
        description="Repeating it changes nothing.",
        returns=ShipmentView,
        errors=[OrderNotFound, ShipmentNotFound, OrderContended],
    )(deliver_shipment)


def ship_order(request: Request[NewShipment], order_id: str) -> ShipmentView:
    """Ship goods of a paid order."""
    key = request.required_idempotency_key
    return service.ship_order(order_id, request.caller, request.body, key)


def deliver_shipment(request: Request[None], order_id: str, shipment_id: str) -> ShipmentView:
    """Note that a shipment was delivered."""
    return service.deliver_shipment(order_id, shipment_id, request.caller)
