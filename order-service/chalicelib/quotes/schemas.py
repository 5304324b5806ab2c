"""What a price depends on besides the goods, and what is answered of it."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from chalicelib.promotions.schemas import parse_code
from common.addresses import Address
from common.schemas import Schema

MAX_COUPONS = 5


class PriceTerms(Schema):
    """Where to ship to, how, and which coupons the customer has."""

    shipping_address: Annotated[
        Address | None, Meta(description="Without one neither shipping nor tax is charged.")
    ] = None
    address_id: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="One of the customer's address book, instead of `shippingAddress`."),
    ] = None
    shipping_method_id: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(
            description="Without one it is the cheapest that serves the address.",
        ),
    ] = None
    coupon_codes: Annotated[list[str], Meta(max_length=MAX_COUPONS)] = []

    def __post_init__(self) -> None:
        if self.address_id is not None and self.shipping_address is not None:
            raise ValueError("addressId: expected it or shippingAddress, not both")
        has_address = self.address_id is not None or self.shipping_address is not None
        if self.shipping_method_id is not None and not has_address:
            raise ValueError("shippingMethodId: expected with shippingAddress or addressId only")
        self.coupon_codes = sorted({_parse_coupon(code) for code in self.coupon_codes})


class QuotedLine(Schema):
    """A product of the quote."""

    product_id: str
    name: str
    qty: int
    price: Decimal
    line_total: Annotated[Decimal, Meta(description="At list price.")]
    discount: Decimal
    tax: Decimal
    tax_name: str
    tax_included: bool
    total: Annotated[Decimal, Meta(description="What is paid for it.")]
    tax_zero_reason: str | None = None


class ShippingOption(Schema):
    """A shipping method that serves the address."""

    method_id: str
    name: str
    price: Decimal
    min_days: int
    max_days: int


class AppliedPromotion(Schema):
    """A promotion that lowers the price."""

    promotion_id: str
    name: str
    code: str | None = None


class QuoteView(Schema):
    """What an order would cost now.

    `totalAmount` is `subtotal` - `discountTotal` + `shippingTotal`, and + `taxTotal` unless that is
    included in the prices.
    """

    lines: list[QuotedLine]
    subtotal: Decimal
    discount_total: Decimal
    shipping_total: Decimal
    tax_total: Decimal
    total_amount: Decimal
    currency: str
    tax_included: bool
    promotions: list[AppliedPromotion]
    shipping_methods: list[ShippingOption]
    shipping_method_id: str | None = None


def _parse_coupon(code: str) -> str:
    try:
        return parse_code(code)
    except ValueError:
        raise ValueError("couponCodes: expected codes of 3 to 40 letters and digits") from None
