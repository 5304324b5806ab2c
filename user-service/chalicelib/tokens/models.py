"""The lock that lets one rotation of the signing keys run at a time.

A row of the table Users.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.tokens.errors import RotationUnderWay
from common import clock, dynamodb, ids
from common.dynamodb import WholeNumber

_KEY = "TURN#rotate-signing-key"
_LOCK_SECONDS = 60  # longer than the Lambda may run, so the lock outlives its holder


class RotationLock(Model):
    """The lock: two rotations at once could leave a key that signs unpublished."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    holder = UnicodeAttribute(null=True)
    expires_at = WholeNumber(attr_name="until")


@contextmanager
def hold_rotation_lock() -> Iterator[None]:
    """Hold the lock during the block.

    The lock of a crashed holder expires. Taking and releasing the lock are idempotent for a repeat
    by the SDK after a lost response.

    Raises: RotationUnderWay if another rotation holds the lock.
    """
    now, holder = clock.epoch(), ids.suffix(ids.new("TURN"))
    lock, is_own = RotationLock(_KEY), RotationLock.holder == holder
    is_free = RotationLock.key.does_not_exist() | (RotationLock.expires_at < now)
    is_acquired = dynamodb.update_if(
        lock,
        [RotationLock.holder.set(holder), RotationLock.expires_at.set(now + _LOCK_SECONDS)],
        is_free | is_own,
    )
    if not is_acquired:
        raise RotationUnderWay("another rotation of the signing keys is under way")
    try:
        yield
    finally:
        dynamodb.delete_if(lock, is_own)
