"""Verbs of sample things. `user_id` is always the owner's."""

from chalicelib.sample_things.errors import IdempotencyKeyReused, SampleThingNotFound
from chalicelib.sample_things.models import PREFIX, SampleThing
from chalicelib.sample_things.schemas import SampleThingDeleted, SampleThingView
from common import clock, dynamodb, ids
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor


def create_sample_thing(user_id: str, name: str, key: str | None) -> SampleThingView:
    """Create a sample thing. `delete_sample_thing` undoes it.

    Idempotent with an idempotency key. Raises: IdempotencyKeyReused for another name.
    """
    sample_thing_id = ids.deterministic(PREFIX, user_id, key) if key else ids.new(PREFIX)
    created = SampleThing(user_id, sample_thing_id, name=name, created_at=clock.now())
    if not dynamodb.save_if(created, SampleThing.sample_thing_id.does_not_exist()):
        created = _get(user_id, sample_thing_id)
        if created.name != name:
            raise IdempotencyKeyReused("Idempotency-Key: used before, with another name")
    return _view(created)


def list_sample_things(user_id: str, limit: int, cursor: str | None) -> Page[SampleThingView]:
    """List a page of the owner's sample things. Raises: InvalidCursor."""
    rows = SampleThing.query(
        user_id, limit=limit, last_evaluated_key=_start(user_id, cursor), consistent_read=True
    )
    views = [_view(row) for row in rows]
    return Page(views, encode_cursor(rows.last_evaluated_key))


def get_sample_thing(user_id: str, sample_thing_id: str) -> SampleThingView:
    """Return a sample thing. Raises: SampleThingNotFound if the owner has no such one."""
    return _view(_get(user_id, ids.parse(PREFIX, sample_thing_id)))


def delete_sample_thing(user_id: str, sample_thing_id: str) -> SampleThingDeleted:
    """Delete a sample thing. Idempotent."""
    deleted_id = ids.parse(PREFIX, sample_thing_id)
    SampleThing(user_id, deleted_id).delete()
    return SampleThingDeleted(message="Deleted", sample_thing_id=deleted_id)


def _get(user_id: str, sample_thing_id: str) -> SampleThing:
    sample_thing = dynamodb.find(SampleThing, user_id, sample_thing_id)
    if sample_thing is None:
        raise SampleThingNotFound(f"there is no {sample_thing_id}")
    return sample_thing


def _start(user_id: str, cursor: str | None) -> dict[str, dict[str, str]] | None:
    """Return the key at which the page starts.

    A cursor holds only an id, so it cannot lead to another owner's items.
    """
    key = decode_cursor(cursor)
    if key is None:
        return None
    try:
        next_id = ids.parse(PREFIX, key["sampleThingId"]["S"])
    except (KeyError, ids.InvalidId):
        raise InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    return {"userId": {"S": user_id}, "sampleThingId": {"S": next_id}}


def _view(row: SampleThing) -> SampleThingView:
    return SampleThingView(
        sample_thing_id=row.sample_thing_id, name=row.name, created_at=row.created_at
    )
