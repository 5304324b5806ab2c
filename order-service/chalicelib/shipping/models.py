"""The table ShippingMethods."""

import msgspec
from pynamodb.attributes import ListAttribute, UnicodeAttribute

from chalicelib.configuration.rows import ConfigurationRow, KeyRow, StructsAttribute
from chalicelib.shipping.zones import Zone
from common import dynamodb


class StoredBand(msgspec.Struct, rename="camel", omit_defaults=True):
    """The price up to so many grams or minor units."""

    price_minor: int
    up_to: int | None = None


class ShippingMethod(ConfigurationRow):
    """A way to ship. Orders keep a copy of its name, price and days."""

    class Meta(dynamodb.Meta):
        table_name = "ShippingMethods"

    id_prefix = "METHOD"
    id = UnicodeAttribute(hash_key=True, attr_name="methodId")
    zones = StructsAttribute(Zone)
    bands = StructsAttribute(StoredBand)
    band_unit = UnicodeAttribute(attr_name="bandUnit")
    currency = UnicodeAttribute()
    free_above_minor = dynamodb.WholeNumber(attr_name="freeAboveMinor", null=True)
    min_days = dynamodb.WholeNumber(attr_name="minDays")
    max_days = dynamodb.WholeNumber(attr_name="maxDays")
    tax_class = UnicodeAttribute(attr_name="taxClass")
    excluded_tax_classes: ListAttribute[str] = ListAttribute(attr_name="excludedTaxClasses")


class ShippingMethodKey(KeyRow):
    """The shipping method that an Idempotency-Key created."""

    class Meta(dynamodb.Meta):
        table_name = "ShippingMethods"

    id = UnicodeAttribute(hash_key=True, attr_name="methodId")
