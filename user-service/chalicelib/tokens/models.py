"""The turn that one rotation takes at a time, kept in the table Users."""

from collections.abc import Iterator
from contextlib import contextmanager

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.models import Model

from chalicelib.tokens.errors import RotationUnderWay
from common import clock, tables

_KEY = "TURN#rotate-signing-key"
_SECONDS = 60  # longer than the Lambda may run, so a turn outlives its holder and nobody else's


class Turn(Model):
    """Held while a rotation runs: two at a time could leave a key that signs but is not published."""

    class Meta(tables.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    until = NumberAttribute()


@contextmanager
def turn() -> Iterator[None]:
    """Rotate alone; RotationUnderWay if somebody else does. A crashed holder's turn ends by itself."""
    now = clock.epoch()
    mine = Turn(_KEY)
    try:
        mine.update(
            actions=[Turn.until.set(now + _SECONDS)],
            condition=Turn.key.does_not_exist() | (Turn.until < now),
        )
    except UpdateError as problem:
        if not tables.was_refused(problem):
            raise
        raise RotationUnderWay("another rotation of the signing keys is under way") from None
    try:
        yield
    finally:
        mine.delete(condition=Turn.until == now + _SECONDS)
