"""Notes of staff in an order's row."""

from pynamodb.attributes import UnicodeAttribute

from common import dynamodb


class Note(dynamodb.Map):
    """What staff noted about an order, for staff alone. Never changed or deleted."""

    note_id = UnicodeAttribute(attr_name="noteId")
    text = UnicodeAttribute()
    written_at = UnicodeAttribute(attr_name="writtenAt")
    written_by = UnicodeAttribute(attr_name="writtenBy")
    request_hash = UnicodeAttribute(attr_name="requestHash")
