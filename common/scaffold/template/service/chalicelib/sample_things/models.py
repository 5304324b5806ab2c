"""The table SampleThings."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

PREFIX = "SAMPLETHING"


class SampleThing(Model):
    """A customer's sample thing, under a name."""

    class Meta(dynamodb.Meta):
        table_name = "SampleThings"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    sample_thing_id = UnicodeAttribute(range_key=True, attr_name="sampleThingId")
    name = UnicodeAttribute()
    created_at = UnicodeAttribute(attr_name="createdAt")
