"""The table CardDeclines: declined attempts, and sources of checkouts."""

import hashlib

from pynamodb.attributes import UnicodeAttribute, UnicodeSetAttribute
from pynamodb.models import Model

from chalicelib.card_limits.errors import CounterContended
from common import clock, dynamodb
from common.retry import RetryPolicy

CONFLICT_RETRIES = RetryPolicy(tries=5, pause_seconds=0.01)


class DeclineCounter(Model):
    """The attempts of one customer or source that were declined until `expiresAt`."""

    class Meta(dynamodb.Meta):
        table_name = "CardDeclines"

    key = UnicodeAttribute(hash_key=True)
    attempts = UnicodeSetAttribute(null=True)
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")

    @staticmethod
    def key_for(kind: str, subject: str) -> str:
        """Return the key of a subject's counter, a digest."""
        return f"{kind}#{hashlib.sha256(subject.encode()).hexdigest()}"

    @classmethod
    def add(cls, key: str, attempt_id: str, window: int) -> None:
        """Add the attempt to the counter. Idempotent, also at the same moment.

        Raises: CounterContended.
        """
        now, counter = clock.epoch(), cls(key)
        reset = [cls.attempts.set({attempt_id}), cls.expires_at.set(now + window)]
        is_expired = cls.key.does_not_exist() | (cls.expires_at <= now)
        for _ in CONFLICT_RETRIES.attempts():  # others may start the window between the writes
            if dynamodb.update_if(
                counter, [cls.attempts.add({attempt_id})], cls.expires_at > now
            ) or dynamodb.update_if(counter, reset, is_expired):
                return
        raise CounterContended(f"{key} kept changing")


class LastSource(Model):
    """From where a customer last checked out, as the key of its counter."""

    class Meta(dynamodb.Meta):
        table_name = "CardDeclines"

    key = UnicodeAttribute(hash_key=True)
    source_key = UnicodeAttribute(attr_name="sourceKey")
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")
