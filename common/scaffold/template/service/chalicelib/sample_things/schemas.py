"""Request and response bodies."""

from typing import Annotated

from msgspec import Meta

from common import text
from common.schemas import Schema

MAX_NAME_LENGTH = 200
OwnerId = Annotated[
    str | None, Meta(description="The owner: yourself if left out. Staff name anybody.")
]


class NewSampleThing(Schema):
    """A name."""

    name: str

    def __post_init__(self) -> None:
        self.name = text.parse_line("name", self.name, MAX_NAME_LENGTH)


class SampleThingOwnerQuery(Schema):
    """The owner."""

    user_id: OwnerId = None


class SampleThingsQuery(SampleThingOwnerQuery):
    """The owner, and a page of the list."""

    limit: Annotated[int, Meta(ge=1, le=100, description="How many per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


class SampleThingView(Schema):
    """A sample thing as its owner sees it."""

    sample_thing_id: str
    name: str
    created_at: str


class SampleThingDeleted(Schema):
    """The sample thing does not exist any more."""

    message: str
    sample_thing_id: str
