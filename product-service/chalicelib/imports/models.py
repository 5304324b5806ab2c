"""The table of imports."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from chalicelib.imports.statuses import ImportStatus
from common import dynamodb
from common.dynamodb import WholeNumber


class Import(Model):
    """An import. Its file, its parts and what became of them are in S3, under its id.

    `parts_done` and the counts change in one write, so that a part that comes twice counts once.
    """

    class Meta(dynamodb.Meta):
        table_name = "Imports"

    import_id = UnicodeAttribute(hash_key=True, attr_name="importId")
    status = UnicodeAttribute(default=ImportStatus.WAITING)
    dry_run = BooleanAttribute(attr_name="dryRun")
    currency = UnicodeAttribute()
    format = UnicodeAttribute(null=True)
    total = WholeNumber(default=0)
    created = WholeNumber(default=0)
    updated = WholeNumber(default=0)
    unchanged = WholeNumber(default=0)
    refused = WholeNumber(default=0)
    parts = WholeNumber(null=True)
    parts_done: UnicodeSetAttribute = UnicodeSetAttribute(null=True, attr_name="partsDone")
    message = UnicodeAttribute(null=True)
    admin_id = UnicodeAttribute(attr_name="adminId")
    role = UnicodeAttribute()
    created_at = UnicodeAttribute(attr_name="createdAt")
    expires_at = WholeNumber(attr_name="expiresAt")
