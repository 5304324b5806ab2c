"""RefundRequested as order-service publishes it, and its consumer."""

from decimal import Decimal
from typing import Any

from tests.checkout_shop import BOWL, JIMMY, ORDER, CheckoutShop

from common import events

RETURN = "product-service-local-return-inventory"


def buy_two_bowls(shop: CheckoutShop) -> None:
    """Confirm an order that is paid with 25.98."""
    shop.add_order(status="CONFIRMED")
    shop.charge()
    shop.lambda_fakes.answers[RETURN] = lambda step: {
        "orderId": step["orderId"],
        "status": "COMMITTED",
    }


def refund_requested(
    refund_id: str = "REFUND#1",
    amount: str = "12.99",
    restock: bool = True,
    currency: str = "USD",
    **more: Any,
) -> dict[str, Any]:
    """Build the event of one bowl."""
    fields = {"items": [events.Line(BOWL, 1)], **more}
    event = events.create(
        events.RefundRequested,
        order_id=ORDER,
        user_id=JIMMY,
        refund_id=refund_id,
        amount=Decimal(amount),
        currency=currency,
        restock=restock,
        **fields,
    )
    return events.to_message(event)


def consume(shop: CheckoutShop, *messages: dict[str, Any]) -> None:
    """Deliver the events to their consumer."""
    shop.api.sqs("on-refund-requested", list(messages))
