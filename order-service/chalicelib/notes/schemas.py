"""The body of a note, and its response."""

from typing import Annotated, Self

from msgspec import Meta

from common import lazy_imports, text
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.orders import notes

MAX_NOTE_LENGTH = 500


class NewNote(Schema):
    """What staff note about an order."""

    text: Annotated[str, Meta(description="At most 500 characters. Customers never see it.")]

    def __post_init__(self) -> None:
        self.text = text.parse_paragraphs("text", self.text, MAX_NOTE_LENGTH)
        if not self.text:
            raise ValueError(f"text: expected 1 to {MAX_NOTE_LENGTH} characters")


class NoteView(Schema):
    """A note of staff."""

    note_id: str
    text: str
    written_at: str
    written_by: str

    @classmethod
    def of(cls, note: "notes.Note") -> Self:
        """Return the note as staff see it."""
        return cls(
            note_id=note.note_id,
            text=note.text,
            written_at=note.written_at,
            written_by=note.written_by,
        )
