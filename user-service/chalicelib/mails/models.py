"""The table AccountMails: what was mailed to an account, and the tokens in it."""

from typing import Self

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.models import Model

from chalicelib.mails.errors import MailUnderWay
from common import clock, dynamodb, ids

_SENDING_SECONDS = 60  # longer than the Lambda may run
_KEPT_SECONDS = 15 * 86400  # longer than a dead letter waits


class Mail(Model):
    """The last mail of its kind to an account: claimed, sent, and if it carries a token, used.

    The token is in the mail alone: here is its SHA-256 digest, which the next mail of the kind overwrites.
    """

    class Meta(dynamodb.Meta):
        table_name = "AccountMails"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    kind = UnicodeAttribute(range_key=True)
    request_id = UnicodeAttribute(attr_name="requestId")
    claim_id = UnicodeAttribute(attr_name="claimId", null=True)
    claimed_until = NumberAttribute(attr_name="claimedUntil", null=True)
    sent_at = UnicodeAttribute(attr_name="sentAt", null=True)
    token_hash = UnicodeAttribute(attr_name="tokenHash", null=True)
    valid_until = NumberAttribute(attr_name="validUntil", null=True)
    used_hash = UnicodeAttribute(attr_name="usedHash", null=True)
    expires_at = NumberAttribute(attr_name="expiresAt")

    @classmethod
    def find(cls, user_id: str, kind: str) -> Self | None:
        """The row as of now; None if the account never got such a mail, or that is long ago."""
        try:
            return cls.get(user_id, kind, consistent_read=True)
        except cls.DoesNotExist:
            return None

    @classmethod
    def claimed(cls, user_id: str, kind: str, request_id: str) -> Self | None:
        """The right to send this mail; None if it, or a later one, was sent. MailUnderWay while another delivery is at it.

        Request ids sort by time, so a message that comes late does not void what came after it.
        """
        now, mail, claim_id = clock.epoch(), cls(user_id, kind), ids.suffix(ids.new("CLAIM"))
        again = (
            (cls.request_id == request_id)
            & cls.sent_at.does_not_exist()
            & (cls.claimed_until < now)
        )
        mine = (
            cls.claim_id == claim_id
        )  # the SDK repeats what was written where the answer got lost
        try:
            mail.update(
                actions=[
                    cls.request_id.set(request_id),
                    cls.claim_id.set(claim_id),
                    cls.claimed_until.set(now + _SENDING_SECONDS),
                    cls.expires_at.set(now + _KEPT_SECONDS),
                    cls.sent_at.remove(),
                ],
                condition=cls.request_id.does_not_exist()
                | (cls.request_id < request_id)
                | again
                | mine,
            )
        except UpdateError as problem:
            if not dynamodb.is_condition_failure(problem):
                raise
            mail.refresh(consistent_read=True)
            if mail.request_id == request_id and mail.sent_at is None:
                raise MailUnderWay(f"{kind} is being sent") from None
            return None
        return mail
