"""Whether an order meets the conditions of a promotion."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from chalicelib.promotions.errors import CouponNotApplicable, CouponOver
from chalicelib.promotions.models import PromotionRow
from common import money


class Good(Protocol):
    """What a condition looks at of a product."""

    @property
    def product_id(self) -> str:
        """The product's id."""

    @property
    def categories(self) -> Collection[str]:
        """The product's categories."""


@dataclass(frozen=True)
class Basket:
    """What conditions look at of an order."""

    goods: Collection[Good]
    subtotal: int  # at list prices
    currency: str
    now: str
    is_first_order: Callable[[], bool]
    is_guests: bool = False


def meets(basket: Basket, promotion: PromotionRow) -> bool:
    """Whether the order gets the promotion."""
    try:
        validate(basket, promotion)
    except (CouponOver, CouponNotApplicable):
        return False
    return True


def validate(basket: Basket, promotion: PromotionRow) -> None:
    """Require that the order gets the promotion.

    Raises: CouponOver, CouponNotApplicable.
    """
    name = f"couponCodes: {promotion.code}"
    if promotion.starts_at is not None and basket.now < promotion.starts_at:
        raise CouponOver(f"{name} is valid from {promotion.starts_at}")
    if promotion.ends_at is not None and basket.now >= promotion.ends_at:
        raise CouponOver(f"{name} was valid until {promotion.ends_at}")
    if promotion.currency != basket.currency:
        raise CouponNotApplicable(f"{name} is for orders in {promotion.currency}")
    least = promotion.min_subtotal_minor
    if least is not None and basket.subtotal < least:
        amount = money.format_amount(least, promotion.currency)
        raise CouponNotApplicable(f"{name} is for orders of at least {amount}")
    if not any(_covers(promotion, good) for good in basket.goods):
        raise CouponNotApplicable(f"{name} is for other products")
    if basket.is_guests and _counts_by_customer(promotion):
        raise CouponNotApplicable(f"{name} is for customers with an account")
    if promotion.first_order_only and not basket.is_first_order():
        raise CouponNotApplicable(f"{name} is for a first order")


def _counts_by_customer(promotion: PromotionRow) -> bool:
    return promotion.first_order_only or promotion.usage_limit_per_customer is not None


def _covers(promotion: PromotionRow, good: Good) -> bool:
    is_of_order = not promotion.product_ids and not promotion.categories
    return (
        is_of_order
        or good.product_id in promotion.product_ids
        or any(category in promotion.categories for category in good.categories)
    )
