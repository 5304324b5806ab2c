"""The table SampleThings."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

PREFIX = "SAMPLETHING"


class SampleThing(Model):
    """One of the sample things that customers have, each under a name: from when it is made until it is thrown away."""

    class Meta(dynamodb.Meta):
        table_name = "SampleThings"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    sample_thing_id = UnicodeAttribute(range_key=True, attr_name="sampleThingId")
    name = UnicodeAttribute()
    created_at = UnicodeAttribute(attr_name="createdAt")
