"""Request and response bodies of the checkout."""

import re
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.payments.schemas import PaymentMethodType
from common.addresses import Address
from common.schemas import Schema

_COUPON_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")
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
    shipping_address: Address | None = None
    address_id: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="One of your address book, instead of `shippingAddress`."),
    ] = None
    billing_address: Annotated[
        Address | None, Meta(description="Where it differs from `shippingAddress`.")
    ] = None
    shipping_method_id: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(
            description="One that `POST /order/quote` lists; without one it is the cheapest.",
        ),
    ] = None
    coupon_codes: Annotated[list[str], Meta(max_length=5)] = []

    def __post_init__(self) -> None:
        if self.address_id is not None and self.shipping_address is not None:
            raise ValueError("addressId: expected it or shippingAddress, not both")
        has_address = self.address_id is not None or self.shipping_address is not None
        if self.shipping_method_id is not None and not has_address:
            raise ValueError("shippingMethodId: expected with shippingAddress or addressId only")
        self.coupon_codes = sorted({_parse_code(code) for code in self.coupon_codes})
        if self.payment_method is not None and not _TOKEN.fullmatch(self.payment_method):
            raise ValueError(
                "paymentMethod: expected the gateway's token, such as pm_card_visa; "
                "never a card number"
            )
        if self.expected_total is not None and not self.expected_total.is_finite():
            raise ValueError("expectedTotal: expected a number")


def _parse_code(code: str) -> str:
    """Return a coupon's code in capitals, as order-service has it."""
    if not _COUPON_CODE.fullmatch(code.strip().upper()):
        raise ValueError("couponCodes: expected codes of 3 to 40 letters and digits")
    return code.strip().upper()


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
