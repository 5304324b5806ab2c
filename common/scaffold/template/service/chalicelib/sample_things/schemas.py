"""Bodies and queries accepted, bodies returned."""

from typing import Annotated

from msgspec import Meta

from common import http

_NAME_LENGTH = 200


class NewSampleThing(http.Body):
    """What it shall be called, and whose it shall be; the caller's own if nobody is named."""

    name: str
    user_id: str | None = None

    def __post_init__(self) -> None:
        self.name = self.name.strip()
        if not 0 < len(self.name) <= _NAME_LENGTH or not self.name.isprintable():
            raise ValueError(f"name: expected 1 to {_NAME_LENGTH} printable characters")


class OwnerQuery(http.Body):
    """Whose; the caller's own if nobody is named."""

    user_id: str | None = None


class PageQuery(OwnerQuery):
    """Whose, and which part of them."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 50
    cursor: str | None = None


class SampleThingShown(http.Body):
    """One of the sample things, as its owner sees it."""

    sample_thing_id: str
    name: str
    created_at: str


class SampleThingDeleted(http.Body):
    """It is gone, or never was."""

    message: str
    sample_thing_id: str
