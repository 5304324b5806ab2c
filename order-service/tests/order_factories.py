"""Rows and events as their owners write them, and rows as they are stored."""

from decimal import Decimal
from typing import Any

from chalice.test import HTTPResponse

from common import events, ids
from testkit.resources import table
from testkit.tokens import JIMMY

BOWL, SHAKE = "PROD#001", "PROD#002"


class Catalogue:
    """Products and stock as product-service writes them."""

    def put(self, product_id: str, stock: int = 50, price_minor: int = 1299, **more: Any) -> None:
        """Put a product and its stock, in place of what was there."""
        product = {
            "name": "Protein Bowl",
            "currency": "USD",
            "status": "ACTIVE",
            "priceMinor": price_minor,
        }
        table("Products").put_item(Item={"productId": product_id, **product, **more})
        table("Inventory").put_item(Item={"productId": product_id, "availableStock": stock})


def show_in_cart(user_id: str = JIMMY, **prices: int) -> None:
    """Put products into the customer's cart, last shown at these prices by number."""
    for number, price_minor in prices.items():
        item = {"userId": user_id, "productId": f"PROD#{number.lstrip('p')}", "qty": 2}
        table("Carts").put_item(Item={**item, "shownPriceMinor": price_minor})


def store_address(address_id: str, user_id: str = JIMMY, **fields: Any) -> None:
    """Store an address in the customer's book, as user-service writes it."""
    item = {"userId": user_id, "addressId": address_id, "createdAt": "2025-10-13T14:00:00.000Z"}
    table("Addresses").put_item(Item={**item, "version": 1, **fields})


def row(order_id: str) -> dict[str, Any] | None:
    """The order as it is stored."""
    return table("Orders").get_item(Key={"orderId": order_id}).get("Item")


def payment_refunded(
    refund: HTTPResponse | dict[str, Any],
    kind: type[events.PaymentRefunded] | type[events.RefundFailed] = events.PaymentRefunded,
    **more: Any,
) -> dict[str, Any]:
    """The message of PaymentRefunded or RefundFailed for the refund in this response."""
    body = refund if isinstance(refund, dict) else refund.json_body
    event = events.create(
        kind,
        order_id=body["orderId"],
        event_id=ids.deterministic("EVT", kind.detail_type, body["refundId"]),
        user_id=JIMMY,
        payment_id="PAY#2001",
        refund_id=body["refundId"],
        amount=Decimal(str(body["amount"])),
        currency=body["currency"],
        occurred_at="2025-10-14T09:00:00.000Z",
        **more,
    )
    return events.to_message(event)


def disputed(order_id: str, status: str = "OPEN", amount: str = "36.48") -> dict[str, Any]:
    """The message of PaymentDisputed for the order."""
    event = events.create(
        events.PaymentDisputed,
        order_id=order_id,
        user_id="USER#1",
        payment_id="PAY#2001",
        dispute_id="dp_1",
        amount=Decimal(amount),
        currency="USD",
        status=status,
        reason="fraudulent",
        evidence_due_by="2025-10-21T00:00:00.000Z",
    )
    return events.to_message(event)
