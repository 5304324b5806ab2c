"""What an order costs: one pure calculation, in minor units of one currency.

List price -> promotions of lines -> promotions of the order -> shipping -> its promotions -> tax
of each line -> total. The order of lines and of promotions does not matter.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from chalicelib.quotes import arithmetic, discounts
from chalicelib.quotes.discounts import Good, Promotion
from chalicelib.quotes.ports import FindShippingPrice, FindTaxRate, Parcel, TaxRate


@dataclass(frozen=True)
class Shipping:
    """A shipping method: its price, and the tax class of the service."""

    price: FindShippingPrice
    tax_class: str = discounts.STANDARD


@dataclass(frozen=True)
class Taxed:
    """An amount after discounts, and its tax."""

    net: int  # what is asked for it before tax is added
    tax: int
    rate: TaxRate

    @property
    def total(self) -> int:
        """What is paid for it."""
        return self.net if self.rate.is_included else self.net + self.tax


@dataclass(frozen=True)
class PricedLine:
    """A product of the order with all that changes its price."""

    good: Good
    discount: int
    taxed: Taxed

    @property
    def list_total(self) -> int:
        """The price of all pieces before discounts."""
        return self.good.list_total


@dataclass(frozen=True)
class Price:
    """What an order costs. Its parts sum to the total."""

    lines: Sequence[PricedLine]
    shipping: Taxed | None
    shipping_discount: int
    applied: frozenset[str] = field(default_factory=frozenset)  # promotions that lowered it

    @property
    def subtotal(self) -> int:
        """The list price of all lines."""
        return sum(line.list_total for line in self.lines)

    @property
    def discount_total(self) -> int:
        """What promotions take off the lines."""
        return sum(line.discount for line in self.lines)

    @property
    def shipping_total(self) -> int:
        """The price of shipping after its promotions."""
        return self.shipping.net if self.shipping else 0

    @property
    def tax_total(self) -> int:
        """All tax, included in prices or added to them."""
        return sum(part.tax for part in self._parts())

    @property
    def is_tax_included(self) -> bool:
        """Whether no tax is added to the prices."""
        return self.total == sum(part.net for part in self._parts())

    @property
    def total(self) -> int:
        """What the customer pays."""
        return sum(part.total for part in self._parts())

    def _parts(self) -> list[Taxed]:
        shipping = [self.shipping] if self.shipping else []
        return [*(line.taxed for line in self.lines), *shipping]


def calculate(
    goods: Iterable[Good],
    promotions: Iterable[Promotion],
    shipping: Shipping | None,
    find_tax_rate: FindTaxRate,
) -> Price:
    """Return the price of goods of different products."""
    basket = sorted(goods, key=lambda good: good.product_id)
    promotions = list(promotions)
    taken_off = discounts.apply(basket, promotions)
    nets = [good.list_total - taken_off.by_product[good.product_id] for good in basket]
    lines = [
        PricedLine(good, good.list_total - net, _tax(net, find_tax_rate(good.tax_class)))
        for good, net in zip(basket, nets, strict=True)
    ]
    applied = taken_off.applied
    if shipping is None:
        return Price(lines, None, 0, applied)
    weight = sum(good.weight_grams * good.qty for good in basket)
    price = shipping.price(Parcel(weight, sum(nets)))
    discount, free = discounts.take_off_shipping(price, promotions)
    taxed = _tax(price - discount, find_tax_rate(shipping.tax_class))
    return Price(lines, taxed, discount, applied | free)


def _tax(net: int, rate: TaxRate) -> Taxed:
    levy = arithmetic.part_within if rate.is_included else arithmetic.part_of
    return Taxed(net, levy(net, rate.rate), rate)
