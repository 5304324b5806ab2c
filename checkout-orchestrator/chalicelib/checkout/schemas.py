"""Request and response bodies of the checkout."""

import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.payments.schemas import PaymentMethodType
from common.schemas import Schema

_TOKEN = re.compile(r"[A-Za-z]\w{2,254}", re.ASCII)


class CheckoutRequest(Schema):
    """How the cart, or an order that waits for its payment, is paid."""

    payment_method: Annotated[
        str | None,
        Meta(description="The gateway's token. A card number never reaches the shop."),
    ] = None
    payment_method_type: PaymentMethodType = msgspec.field(default="CARD", name="method")
    order_id: Annotated[
        str | None, Meta(description="The order to pay; without it the cart is ordered.")
    ] = None
    expected_total: Annotated[
        Decimal | None, Meta(description="What the customer agreed to pay.")
    ] = None

    def __post_init__(self) -> None:
        if self.payment_method is not None and not _TOKEN.fullmatch(self.payment_method):
            raise ValueError(
                "paymentMethod: expected the gateway's token, such as pm_card_visa; "
                "never a card number"
            )
        if self.expected_total is not None and not self.expected_total.is_finite():
            raise ValueError("expectedTotal: expected a number")


class CheckoutAccepted(Schema):
    """The order whose checkout has started."""

    order_id: str
    status: str
    total_amount: Decimal
    currency: str


class CheckoutStatus(Schema):
    """How far a checkout is."""

    order_id: str
    status: str
    step: str
    payment_status: str
    total_amount: Decimal
    currency: str
    reason: Annotated[str | None, Meta(description="Why it failed, or was declined.")] = None
    next_action: Annotated[
        dict[str, Any] | None,
        Meta(
            description="What the customer's client does next, by `type`: CONFIRM_PAYMENT, "
            "RAZORPAY_CHECKOUT or WAIT. Only for the order's customer."
        ),
    ] = None
