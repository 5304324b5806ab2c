"""The table Addresses: customers' addresses, and one row for the book as a whole."""

from pynamodb.attributes import UnicodeAttribute, VersionAttribute
from pynamodb.models import Model

from common import dynamodb
from common.dynamodb import WholeNumber

BOOK = "BOOK"  # sorts after ADDR#..., and is no address


class StoredAddress(Model):
    """An address of a customer, as it was checked when it was written."""

    class Meta(dynamodb.Meta):
        table_name = "Addresses"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    address_id = UnicodeAttribute(range_key=True, attr_name="addressId")
    name = UnicodeAttribute()
    company = UnicodeAttribute(null=True)
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute(null=True, attr_name="postalCode")
    country = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    request_hash = UnicodeAttribute(null=True, attr_name="requestHash")
    created_at = UnicodeAttribute(attr_name="createdAt")
    version = VersionAttribute()


class AddressBook(Model):
    """How many addresses a customer has, and which are the defaults.

    Every change of the book or of its addresses raises its version: a default cannot be two
    addresses, or one that does not exist.
    """

    class Meta(dynamodb.Meta):
        table_name = "Addresses"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    address_id = UnicodeAttribute(range_key=True, attr_name="addressId", default=BOOK)
    size = WholeNumber(default=0)
    shipping_id = UnicodeAttribute(null=True, attr_name="shippingId")
    billing_id = UnicodeAttribute(null=True, attr_name="billingId")
    version = VersionAttribute()
