"""Addresses in an order's row."""

from typing import Any

from pynamodb.attributes import UnicodeAttribute

from common import dynamodb
from common.addresses import PostalAddress


class AddressMap(dynamodb.Map):
    """A copy of an address, as it was when the order got it."""

    name = UnicodeAttribute()
    company = UnicodeAttribute(null=True)
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute(null=True, attr_name="postalCode")
    country = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)


class AddressChange(dynamodb.Map):
    """Who gave the order another address, and the one before. Never deleted."""

    changed_at = UnicodeAttribute(attr_name="changedAt")
    changed_by = UnicodeAttribute(attr_name="changedBy")
    before = AddressMap()


def address_fields(address: PostalAddress | AddressMap) -> dict[str, Any]:
    """Return the fields of an address by their names."""
    return {name: getattr(address, name) for name in PostalAddress.__struct_fields__}
