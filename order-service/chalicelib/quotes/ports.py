"""What the calculation asks of others, as signatures of functions.

The shop's own tables are behind them (`service`). A provider of tax or of carriers' rates is a
function of the same signature.
"""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class TaxRate:
    """What is levied on a tax class at the destination."""

    name: str
    rate: int  # millionths
    is_included: bool = False  # in the prices, not added to them
    zero_reason: str | None = None


@dataclass(frozen=True)
class Parcel:
    """What a shipping price depends on, besides the destination."""

    weight_grams: int
    subtotal: int  # minor units, after all discounts of goods


# By tax class, for one destination.
FindTaxRate = Callable[[str], TaxRate]
# By parcel, for one destination and method, in minor units.
FindShippingPrice = Callable[[Parcel], int]
