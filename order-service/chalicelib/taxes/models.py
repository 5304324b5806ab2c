"""The table TaxRates."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.configuration.rows import ConfigurationRow, KeyRow
from common import dynamodb, ids


class TaxRateRow(ConfigurationRow):
    """A rate, one of each country, region and class: its id follows from them."""

    class Meta(dynamodb.Meta):
        table_name = "TaxRates"

    id_prefix = "TAX"
    id = UnicodeAttribute(hash_key=True, attr_name="rateId")
    country = UnicodeAttribute()
    region = UnicodeAttribute(null=True)
    tax_class = UnicodeAttribute(attr_name="taxClass")
    millionths = dynamodb.WholeNumber()
    included = BooleanAttribute()
    zero_reason = UnicodeAttribute(attr_name="zeroReason", null=True)


class TaxRateKey(KeyRow):
    """The tax rate that an Idempotency-Key created."""

    class Meta(dynamodb.Meta):
        table_name = "TaxRates"

    id = UnicodeAttribute(hash_key=True, attr_name="rateId")


def rate_id(country: str, region: str | None, tax_class: str) -> str:
    """Return the id of the rate of this place and class."""
    return ids.deterministic(TaxRateRow.id_prefix, country, region or "", tax_class)
