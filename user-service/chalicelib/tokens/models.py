"""The turn that one rotation takes at a time, kept in the table Users."""

from collections.abc import Iterator
from contextlib import contextmanager

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import DeleteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.models import Model

from chalicelib.tokens.errors import RotationUnderWay
from common import clock, dynamodb, ids

_KEY = "TURN#rotate-signing-key"
_SECONDS = 60  # longer than the Lambda may run, so a turn outlives its holder and nobody else's


class Turn(Model):
    """Held while a rotation runs: two at a time could leave a key that signs but is not published."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    holder = UnicodeAttribute(null=True)
    until = NumberAttribute()


@contextmanager
def turn() -> Iterator[None]:
    """Rotate alone; RotationUnderWay if somebody else does. A crashed holder's turn ends by itself."""
    now, holder = clock.epoch(), ids.suffix(ids.new("TURN"))
    mine, is_mine = Turn(_KEY), Turn.holder == holder
    try:
        mine.update(
            actions=[Turn.holder.set(holder), Turn.until.set(now + _SECONDS)],
            # Mine already: the answer got lost, and the SDK asks again.
            condition=Turn.key.does_not_exist() | (Turn.until < now) | is_mine,
        )
    except UpdateError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
        raise RotationUnderWay("another rotation of the signing keys is under way") from None
    try:
        yield
    finally:
        _end(mine, is_mine)


def _end(turn: Turn, is_mine: Condition) -> None:
    """Safe to repeat, as the SDK does after a lost answer: a turn that has ended is nobody's, or somebody else's."""
    try:
        turn.delete(condition=is_mine)
    except DeleteError as problem:
        if not dynamodb.is_condition_failure(problem):
            raise
