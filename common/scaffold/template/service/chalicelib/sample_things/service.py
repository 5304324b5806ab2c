"""What customers do with their sample things: a `user_id` is always the owner's."""

from pynamodb.exceptions import PutError

from chalicelib.sample_things.errors import IdempotencyKeyReused, SampleThingNotFound
from chalicelib.sample_things.models import PREFIX, SampleThing
from chalicelib.sample_things.schemas import SampleThingDeleted, SampleThingShown
from common import clock, dynamodb, http, ids


def create(user_id: str, name: str, key: str | None) -> SampleThingShown:
    """Make one; undone by `delete`.

    Safe to repeat with its idempotency key: the same name gives the one that is there, another name raises
    IdempotencyKeyReused. Without a key each call makes another one.
    """
    made = SampleThing(
        user_id,
        ids.deterministic(PREFIX, user_id, key) if key else ids.new(PREFIX),
        name=name,
        created_at=clock.now(),
    )
    try:
        made.save(SampleThing.sample_thing_id.does_not_exist())
    except PutError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
        made = _find(user_id, made.sample_thing_id)
        if made.name != name:
            raise IdempotencyKeyReused("Idempotency-Key: used before, with another name") from None
    return _shown(made)


def list_page(
    user_id: str, limit: int, cursor: str | None
) -> tuple[list[SampleThingShown], str | None]:
    """A page of them, and where the next one starts; InvalidCursor for what was never given out."""
    rows = SampleThing.query(
        user_id, limit=limit, last_evaluated_key=_start(user_id, cursor), consistent_read=True
    )
    shown = [_shown(row) for row in rows]
    return shown, http.encode_cursor(rows.last_evaluated_key)


def show(user_id: str, sample_thing_id: str) -> SampleThingShown:
    """One of them; SampleThingNotFound if the owner has no such thing, whoever else may."""
    return _shown(_find(user_id, ids.parse(PREFIX, sample_thing_id)))


def delete(user_id: str, sample_thing_id: str) -> SampleThingDeleted:
    """Throw one away; safe to repeat."""
    wanted = ids.parse(PREFIX, sample_thing_id)
    SampleThing(user_id, wanted).delete()
    return SampleThingDeleted(message="Deleted", sample_thing_id=wanted)


def _find(user_id: str, sample_thing_id: str) -> SampleThing:
    """The row as of now, not of a moment ago."""
    try:
        return SampleThing.get(user_id, sample_thing_id, consistent_read=True)
    except SampleThing.DoesNotExist:
        raise SampleThingNotFound(f"there is no {sample_thing_id}") from None


def _start(user_id: str, cursor: str | None) -> dict[str, dict[str, str]] | None:
    """Where to read on. Of a cursor only the thing's id counts: it cannot lead to anybody else's."""
    key = http.decode_cursor(cursor)
    if key is None:
        return None
    try:
        following = ids.parse(PREFIX, key["sampleThingId"]["S"])
    except (KeyError, ids.InvalidId):
        raise http.InvalidCursor("cursor: expected the X-Next-Cursor of an earlier page") from None
    return {"userId": {"S": user_id}, "sampleThingId": {"S": following}}


def _shown(row: SampleThing) -> SampleThingShown:
    return SampleThingShown(
        sample_thing_id=row.sample_thing_id, name=row.name, created_at=row.created_at
    )
