"""Errors of shipments. `description` is published to customers of the API."""

from chalice import ConflictError, NotFoundError


class ShipmentNotFound(NotFoundError):
    """The order has no such shipment."""

    description = "The order has no such shipment."


class OrderNotShippable(ConflictError):
    """The order is not paid, was cancelled, or is refunded."""

    description = "The order is not paid, was cancelled, or is refunded: nothing of it is shipped."


class NothingToShip(ConflictError):
    """All goods of the order were shipped or refunded."""

    description = "All goods of the order were shipped or refunded."


class ShipmentTooLarge(ConflictError):
    """More goods were named than are left to ship."""

    description = "More was named than is left to ship. The message says how much is left."


class TooManyShipments(ConflictError):
    """The order has MAX_SHIPMENTS shipments."""

    description = "The order has 50 shipments and cannot have more."
