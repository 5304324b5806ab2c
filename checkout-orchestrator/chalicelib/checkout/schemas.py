"""Request and response bodies of the checkout."""

import re
from decimal import Decimal
from typing import Any

import msgspec

from chalicelib.payments.schemas import PaymentMethodType
from common import http

_TOKEN = re.compile(r"[A-Za-z]\w{2,254}")


class CheckoutRequest(http.Body):
    """Body of POST /checkout.

    `paymentMethod` is the gateway's own token: a card number never reaches the shop.
    """

    payment_method: str | None = None
    payment_method_type: PaymentMethodType = msgspec.field(default="CARD", name="method")
    order_id: str | None = None
    expected_total: Decimal | None = None

    def __post_init__(self) -> None:
        if self.payment_method is not None and not _TOKEN.fullmatch(self.payment_method):
            raise ValueError(
                "paymentMethod: expected the gateway's token, such as pm_card_visa; "
                "never a card number"
            )
        if self.expected_total is not None and not self.expected_total.is_finite():
            raise ValueError("expectedTotal: expected a number")


class CheckoutAccepted(http.Body):
    """Response of POST /checkout."""

    order_id: str
    status: str
    total_amount: Decimal
    currency: str


class CheckoutStatus(http.Body):
    """Response of GET /checkout/{orderId}."""

    order_id: str
    status: str
    step: str
    payment_status: str
    total_amount: Decimal
    currency: str
    reason: str | None = None
    next_action: dict[str, Any] | None = None
