"""How long an unpaid order can be paid: it is an offer that ends."""

from datetime import datetime

from chalicelib.orders.models import Order
from common import clock, settings

# The default of the setting of the same name. checkout-orchestrator has it for older orders.
OFFER_SECONDS = 1800


def end_of(created_at: str) -> str:
    """Return when the offer of an order that is placed at this time ends."""
    placed = datetime.fromisoformat(created_at).timestamp()
    return clock.iso(placed + settings.integer("OFFER_SECONDS", OFFER_SECONDS))


def pay_by(order: Order) -> str:
    """Return when the order's offer ends, also of one that was stored without."""
    return order.pay_by or end_of(order.created_at)


def has_ended(order: Order) -> bool:
    """Whether the order can no longer be paid."""
    return pay_by(order) <= clock.now()
