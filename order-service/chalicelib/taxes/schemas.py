"""Tax rates as staff write and read them."""

from decimal import Decimal
from typing import Annotated, Self

from msgspec import UNSET, Meta, UnsetType

from chalicelib.configuration import schemas as fields
from chalicelib.configuration.schemas import TaxClass
from common import lazy_imports, text
from common.addresses import find_rules
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.taxes import models

_MAX_REGION_LENGTH = 50
_MAX_REASON_LENGTH = 200

Percent = Annotated[Decimal, Meta(description="0 to 100, with at most four decimals.")]
ZeroReason = Annotated[
    str | None, Meta(description="Why nothing is levied; needed for 0 percent, and only there.")
]


class NewTaxRate(Schema):
    """What is levied on a tax class in a country, or in a region of it."""

    name: str
    country: str
    percent: Percent
    region: Annotated[str | None, Meta(description="Without one it is the whole country's.")] = None
    tax_class: TaxClass = "standard"
    included: Annotated[
        bool, Meta(description="Whether prices include it; else it is added to them.")
    ] = False
    zero_reason: ZeroReason = None

    def __post_init__(self) -> None:
        self.name = fields.parse_name(self.name)
        rules = find_rules(self.country)
        self.country = rules.country
        self.tax_class = fields.parse_tax_class("taxClass", self.tax_class)
        rate = fields.parse_millionths("percent", self.percent)
        if self.region is not None:
            self.region = rules.parse_region(
                text.parse_line("region", self.region, _MAX_REGION_LENGTH)
            )
        if self.zero_reason is not None:
            self.zero_reason = text.parse_line("zeroReason", self.zero_reason, _MAX_REASON_LENGTH)
        if (rate == 0) != (self.zero_reason is not None):
            raise ValueError("zeroReason: expected with 0 percent, and only there")


class TaxRatePatch(Schema):
    """Changes of a tax rate. Fields that are left out stay as they are."""

    name: str | UnsetType = UNSET
    percent: Percent | UnsetType = UNSET
    included: bool | UnsetType = UNSET
    zero_reason: ZeroReason | UnsetType = UNSET


class TaxRateView(NewTaxRate, kw_only=True):
    """A tax rate."""

    rate_id: str

    @classmethod
    def of(cls, rate: "models.TaxRateRow") -> Self:
        """Return the rate as staff write it."""
        return cls(
            rate_id=rate.id,
            name=rate.name,
            country=rate.country,
            region=rate.region,
            tax_class=rate.tax_class,
            percent=Decimal(rate.millionths) / 10_000,
            included=rate.included,
            zero_reason=rate.zero_reason,
        )
