"""Request bodies and responses of imports."""

from typing import Annotated

from msgspec import Meta

from chalicelib.imports.statuses import ImportStatus
from chalicelib.products import fields
from common import money
from common.schemas import Schema

MAX_FILE_BYTES = 50_000_000
UPLOAD_SECONDS = 900


class NewImport(Schema):
    """An import that is to be started once its file is uploaded."""

    dry_run: Annotated[
        bool, Meta(description="true: report what would be done, and change nothing.")
    ] = False
    currency: Annotated[
        str, Meta(description="Of the prices of new products whose rows name no currency.")
    ] = money.DEFAULT

    def __post_init__(self) -> None:
        self.currency = fields.parse_currency(self.currency)


class Upload(Schema):
    """Where the file is sent: a form with these fields, and then `file`."""

    url: str
    fields: dict[str, str]
    max_bytes: int


class ImportCreated(Schema):
    """A new import, and where its file is uploaded within fifteen minutes."""

    import_id: str
    upload: Upload


class ImportView(Schema, kw_only=True, omit_defaults=False):
    """How far an import is. The counts are of products and parents."""

    import_id: str
    status: ImportStatus
    dry_run: bool
    format: str | None = None
    total: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    message: str | None = None
    report_url: Annotated[
        str | None,
        Meta(description="A CSV file: what was refused, and what changed from what to what."),
    ] = None
    created_at: str
