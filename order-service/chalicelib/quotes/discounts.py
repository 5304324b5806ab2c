"""What promotions take off the goods of a basket, and off shipping.

Each takes its share of what those before it have left, so that nothing becomes negative: pieces
for free, then percentages, then amounts; promotions of some goods before those of all.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.quotes import arithmetic

STANDARD = "standard"  # the tax class of what has no other


class Effect(StrEnum):
    """What a promotion does."""

    BUY_X_GET_Y = "BUY_X_GET_Y"
    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"
    FREE_SHIPPING = "FREE_SHIPPING"


_SEQUENCE = list(Effect)


@dataclass(frozen=True)
class Good:
    """A product and how many of it, at its list price in minor units."""

    product_id: str
    qty: int
    unit_price: int
    tax_class: str = STANDARD
    weight_grams: int = 0
    categories: frozenset[str] = frozenset()

    @property
    def list_total(self) -> int:
        """The price of all pieces."""
        return self.unit_price * self.qty


@dataclass(frozen=True)
class Promotion:
    """A promotion whose conditions are met."""

    promotion_id: str
    effect: Effect
    rate: int = arithmetic.MILLION  # millionths, of PERCENT and of the pieces of BUY_X_GET_Y
    amount: int = 0  # minor units, of AMOUNT
    buy_qty: int = 1
    get_qty: int = 1
    # Which goods. With neither it is one of the whole order.
    product_ids: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()

    @property
    def is_of_order(self) -> bool:
        """Whether it is for all goods."""
        return not self.product_ids and not self.categories

    def covers(self, good: Good) -> bool:
        """Whether the good is among those that it is for."""
        return (
            self.is_of_order
            or good.product_id in self.product_ids
            or not self.categories.isdisjoint(good.categories)
        )


@dataclass(frozen=True)
class Discounts:
    """What is taken off each product, and by which promotions."""

    by_product: dict[str, int]
    applied: frozenset[str]


def apply(goods: Sequence[Good], promotions: Iterable[Promotion]) -> Discounts:
    """Return what the promotions take off the goods, not off shipping."""
    left = {good.product_id: good.list_total for good in goods}
    applied = set()
    for promotion in sorted(promotions, key=_sequence):
        covered = [good for good in goods if promotion.covers(good)]
        taken = _take(promotion, covered, left)
        for product_id, amount in taken.items():
            left[product_id] -= amount
        if any(taken.values()):
            applied.add(promotion.promotion_id)
    by_product = {good.product_id: good.list_total - left[good.product_id] for good in goods}
    return Discounts(by_product, frozenset(applied))


def take_off_shipping(price: int, promotions: Iterable[Promotion]) -> tuple[int, frozenset[str]]:
    """Return what is taken off a shipping price, and by which promotions."""
    free = sorted(one.promotion_id for one in promotions if one.effect is Effect.FREE_SHIPPING)
    return (price, frozenset(free[:1])) if price and free else (0, frozenset())


def _sequence(promotion: Promotion) -> tuple[bool, int, str]:
    return promotion.is_of_order, _SEQUENCE.index(promotion.effect), promotion.promotion_id


def _take(promotion: Promotion, goods: list[Good], left: dict[str, int]) -> dict[str, int]:
    weights = {good.product_id: left[good.product_id] for good in goods}
    total = sum(weights.values())
    if promotion.effect is Effect.BUY_X_GET_Y:
        return _take_pieces(promotion, goods, left)
    if promotion.effect is Effect.PERCENT:
        return arithmetic.share(arithmetic.part_of(total, promotion.rate), weights)
    if promotion.effect is Effect.AMOUNT:
        return arithmetic.share(min(promotion.amount, total), weights)
    return {}


def _take_pieces(promotion: Promotion, goods: list[Good], left: dict[str, int]) -> dict[str, int]:
    """Take the price off the cheapest pieces, `get_qty` of each bundle."""
    bundles = sum(good.qty for good in goods) // (promotion.buy_qty + promotion.get_qty)
    pieces = bundles * promotion.get_qty
    taken = {}
    for good in sorted(goods, key=lambda good: (good.unit_price, good.product_id)):
        reduced = min(pieces, good.qty)
        pieces -= reduced
        amount = arithmetic.part_of(good.unit_price * reduced, promotion.rate)
        taken[good.product_id] = min(amount, left[good.product_id])
    return taken
