"""The table Attempts: what was tried lately, and how often. Nothing in it is needed for longer than it counts."""

import hashlib
from collections.abc import Sequence
from typing import Self

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from common import clock, dynamodb


class Tries(Model):
    """So many tries of one kind; counts until `expiresAt`, and is deleted by DynamoDB some time after.

    Its key holds digests, no addresses: the table tells nobody who has an account.
    """

    class Meta(dynamodb.Meta):
        table_name = "Attempts"

    key = UnicodeAttribute(hash_key=True)
    tried = NumberAttribute(default=0)
    not_before = NumberAttribute(attr_name="notBefore", default=0)
    set_by = UnicodeAttribute(attr_name="setBy", null=True)
    known_since = UnicodeAttribute(attr_name="knownSince", null=True)
    expires_at = NumberAttribute(attr_name="expiresAt")

    @staticmethod
    def key_of(kind: str, *parts: str) -> str:
        """The key of this kind of tries by, or against, these."""
        return f"{kind}#{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()}"

    @classmethod
    def counted(cls, key: str, window: int, slides: bool = False) -> Self:
        """Count one more, atomically, and answer with the row as it is then.

        All count that were made within `window` seconds of the first, or if it slides of the one before. Each call counts.
        """
        now, row = clock.epoch(), cls(key)
        longer = [cls.expires_at.set(now + window)] if slides else []
        fresh = [cls.tried.set(1), cls.not_before.set(0), cls.expires_at.set(now + window)]
        while True:  # between the two somebody else may have begun the window
            if row.changed([cls.tried.add(1), *longer], cls.expires_at > now):
                return row
            if row.changed(fresh, cls.key.does_not_exist() | (cls.expires_at <= now)):
                return row

    def changed(self, actions: Sequence[Action], condition: Condition) -> bool:
        """Whether the condition held, and so the row was changed."""
        try:
            self.update(actions=list(actions), condition=condition)
        except UpdateError as problem:
            if not dynamodb.is_condition_failure(problem):
                raise
            return False
        return True
