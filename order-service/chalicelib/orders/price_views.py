"""The parts of an order's price, as its customer reads them."""

from decimal import Decimal
from typing import Any

from chalicelib.quotes.schemas import AppliedPromotion
from common import lazy_imports, money
from common.addresses import PostalAddress
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.orders import addresses, models


class OrderShippingView(Schema):
    """How an order is shipped."""

    method_id: str
    name: str
    min_days: int
    max_days: int


class OrderPriceView(Schema):
    """What the total of an order is made of.

    Absent from orders that were placed before orders had it.
    """

    subtotal: Decimal | None = None
    discount_total: Decimal | None = None
    shipping_total: Decimal | None = None
    tax_total: Decimal | None = None
    tax_included: bool | None = None
    shipping_method: OrderShippingView | None = None
    shipping_address: PostalAddress | None = None
    billing_address: PostalAddress | None = None
    promotions: list[AppliedPromotion] | None = None


def price_parts(order: "models.Order") -> dict[str, Any]:
    """Return the fields of an OrderPriceView."""
    shipping, currency = order.shipping, order.currency
    return {
        "subtotal": optional_amount(order.subtotal_minor, currency),
        "discount_total": optional_amount(order.discount_minor, currency),
        "shipping_total": optional_amount(shipping.price_minor if shipping else None, currency),
        "tax_total": optional_amount(order.tax_minor, currency),
        "tax_included": order.tax_included,
        "shipping_method": _shipping(shipping) if shipping else None,
        "shipping_address": _address(order.shipping_address),
        "billing_address": _address(order.billing_address),
        "promotions": [_promotion(one) for one in order.promotions or []] or None,
    }


def optional_amount(minor_units: int | None, currency: str) -> Decimal | None:
    """Return an amount as a decimal number, None for none."""
    return None if minor_units is None else money.decimal(minor_units, currency)


def _shipping(shipping: "models.OrderShipping") -> OrderShippingView:
    return OrderShippingView(
        method_id=shipping.method_id,
        name=shipping.name,
        min_days=shipping.min_days,
        max_days=shipping.max_days,
    )


def _address(address: "addresses.AddressMap | None") -> PostalAddress | None:
    return PostalAddress(**address.attribute_values) if address else None


def _promotion(promotion: "models.OrderPromotion") -> AppliedPromotion:
    return AppliedPromotion(
        promotion_id=promotion.promotion_id, name=promotion.name, code=promotion.code
    )
