"""Shipping methods as staff write and read them."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from msgspec import UNSET, Meta, UnsetType

from chalicelib.configuration import schemas as fields
from chalicelib.configuration.schemas import TaxClass
from chalicelib.shipping.zones import Zone
from common import lazy_imports, money
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.shipping import models

MAX_WEIGHT_GRAMS = 1_000_000


class BandUnit(StrEnum):
    """What the price of a method depends on."""

    WEIGHT = "WEIGHT"
    SUBTOTAL = "SUBTOTAL"


class Band(Schema):
    """The price up to a weight or a subtotal, the last often without a limit."""

    price: Decimal
    up_to: Annotated[
        Decimal | None, Meta(description="Grams, or an amount, by `bandUnit`; inclusive.")
    ] = None


Zones = Annotated[list[Zone], Meta(min_length=1, max_length=50)]
Bands = Annotated[list[Band], Meta(min_length=1, max_length=20)]
Days = Annotated[int, Meta(ge=0, le=365)]
ExcludedTaxClasses = Annotated[
    list[str], Meta(max_length=20, description="Goods that it does not ship.")
]


class NewShippingMethod(Schema):
    """A way to ship: where to, for how much, in how many days."""

    name: str
    zones: Zones
    bands: Bands
    band_unit: BandUnit = BandUnit.WEIGHT
    currency: Annotated[str, Meta(description="It ships orders in this currency only.")] = (
        money.DEFAULT
    )
    free_above: Annotated[
        Decimal | None, Meta(description="The subtotal after discounts that ships for nothing.")
    ] = None
    min_days: Days = 1
    max_days: Days = 7
    tax_class: TaxClass = "standard"
    excluded_tax_classes: ExcludedTaxClasses = []

    def __post_init__(self) -> None:
        self.name = fields.parse_name(self.name)
        self.currency = fields.parse_currency(self.currency)
        self.tax_class = fields.parse_tax_class("taxClass", self.tax_class)
        for tax_class in self.excluded_tax_classes:
            fields.parse_tax_class("excludedTaxClasses", tax_class)
        if self.max_days < self.min_days:
            raise ValueError("maxDays: expected at least minDays")
        limits = [self.parse_limit(band) for band in self.bands]
        rising = [one for one in limits if one is not None]
        if None in limits[:-1] or rising != sorted(set(rising)):
            raise ValueError("bands: expected upTo to rise, and only the last without one")
        for band in self.bands:
            fields.parse_amount("bands.price", band.price, self.currency)
        if self.free_above is not None:
            fields.parse_amount("freeAbove", self.free_above, self.currency)

    def parse_limit(self, band: Band) -> int | None:
        """Return a band's limit in grams or minor units. Raises: ValueError."""
        if band.up_to is None:
            return None
        if self.band_unit is BandUnit.SUBTOTAL:
            return fields.parse_amount("bands.upTo", band.up_to, self.currency)
        if not band.up_to.is_finite() or not 0 < band.up_to <= MAX_WEIGHT_GRAMS:
            raise ValueError(f"bands.upTo: expected grams, 1 to {MAX_WEIGHT_GRAMS}")
        if band.up_to != band.up_to.to_integral_value():
            raise ValueError("bands.upTo: expected whole grams")
        return int(band.up_to)


class ShippingMethodPatch(Schema):
    """Changes of a shipping method. Fields that are left out stay as they are."""

    name: str | UnsetType = UNSET
    zones: Zones | UnsetType = UNSET
    bands: Bands | UnsetType = UNSET
    band_unit: BandUnit | UnsetType = UNSET
    free_above: Decimal | UnsetType | None = UNSET
    min_days: Days | UnsetType = UNSET
    max_days: Days | UnsetType = UNSET
    tax_class: TaxClass | UnsetType = UNSET
    excluded_tax_classes: ExcludedTaxClasses | UnsetType = UNSET


class ShippingMethodView(NewShippingMethod, kw_only=True):
    """A shipping method."""

    method_id: str

    @classmethod
    def of(cls, method: "models.ShippingMethod") -> Self:
        """Return the method with its amounts in its currency."""
        unit, currency = BandUnit(method.band_unit), method.currency
        return cls(
            method_id=method.id,
            name=method.name,
            zones=method.zones,
            bands=[
                Band(
                    price=money.decimal(band.price_minor, currency),
                    up_to=_shown_limit(band.up_to, unit, currency),
                )
                for band in method.bands
            ],
            band_unit=unit,
            currency=currency,
            free_above=(
                None
                if method.free_above_minor is None
                else money.decimal(method.free_above_minor, currency)
            ),
            min_days=method.min_days,
            max_days=method.max_days,
            tax_class=method.tax_class,
            excluded_tax_classes=list(method.excluded_tax_classes),
        )


def _shown_limit(limit: int | None, unit: BandUnit, currency: str) -> Decimal | None:
    if limit is None:
        return None
    return money.decimal(limit, currency) if unit is BandUnit.SUBTOTAL else Decimal(limit)
