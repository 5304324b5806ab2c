"""Bodies accepted and returned by the checkout."""

from decimal import Decimal
from typing import Annotated, Any, Literal

import msgspec

from common import http

PaymentMethod = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[\w-]+$")]


class Checkout(http.Body):
    """Body of POST /checkout. `paymentMethod` is the gateway's own token: a card number never reaches the shop."""

    payment_method: PaymentMethod | None = None
    method: Literal["CARD", "UPI"] = "CARD"
    order_id: str | None = None
    expected_total: Decimal | None = None

    def __post_init__(self) -> None:
        if self.expected_total is not None and not self.expected_total.is_finite():
            raise ValueError("expectedTotal: expected a number")


class Begun(http.Body):
    """Answer of POST /checkout."""

    order_id: str
    status: str
    total_amount: Decimal
    currency: str


class Progress(http.Body):
    """Answer of GET /checkout/{orderId}."""

    order_id: str
    status: str
    step: str
    payment_status: str
    total_amount: Decimal
    currency: str
    reason: str | None = None
    next_action: dict[str, Any] | None = None
