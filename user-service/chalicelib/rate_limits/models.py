"""The table Attempts: counters of attempts and requests, each with an expiry."""

import hashlib
from typing import Self

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.rate_limits.errors import CounterContended
from common import clock, dynamodb
from common.dynamodb import WholeNumber
from common.retry import RetryPolicy

CONFLICT_RETRIES = RetryPolicy(tries=5, pause_seconds=0.01)


class Counter(Model):
    """Count attempts of one kind until `expiresAt`.

    DynamoDB deletes the row some time later. Keys are digests: the table does not reveal who has an
    account.
    """

    class Meta(dynamodb.Meta):
        table_name = "Attempts"

    key = UnicodeAttribute(hash_key=True)
    attempts = WholeNumber(attr_name="tried", default=0)
    not_before = WholeNumber(attr_name="notBefore", default=0)
    write_id = UnicodeAttribute(attr_name="setBy", null=True)
    known_since = UnicodeAttribute(attr_name="knownSince", null=True)
    expires_at = WholeNumber(attr_name="expiresAt")

    @staticmethod
    def key_for(kind: str, *subjects: str) -> str:
        """Return the key of the counter of this kind for these subjects."""
        return f"{kind}#{hashlib.sha256(chr(31).join(subjects).encode()).hexdigest()}"

    @classmethod
    def increment(cls, key: str, window: int, slides: bool = False) -> Self:
        """Add one attempt atomically and return the counter.

        The window is `window` seconds long. It starts with its first attempt, or with every
        attempt if it slides. Not idempotent. Raises: CounterContended.
        """
        now, counter = clock.epoch(), cls(key)
        extend = [cls.expires_at.set(now + window)] if slides else []
        reset = [cls.attempts.set(1), cls.not_before.set(0), cls.expires_at.set(now + window)]
        is_expired = cls.key.does_not_exist() | (cls.expires_at <= now)
        for _ in CONFLICT_RETRIES.attempts():  # others may start the window between the writes
            if dynamodb.update_if(counter, [cls.attempts.add(1), *extend], cls.expires_at > now):
                return counter
            if dynamodb.update_if(counter, reset, is_expired):
                return counter
        raise CounterContended(f"{key} kept changing")
