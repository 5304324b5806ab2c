"""Read model of user-service's table Addresses."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb


class BookAddress(Model):
    """An address in a customer's address book."""

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
