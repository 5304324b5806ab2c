"""The table AccountMails: the last mail of each kind to an account."""

from enum import StrEnum
from typing import Self

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from chalicelib.mails.errors import MailUnderWay
from common import clock, dynamodb, ids
from common.dynamodb import WholeNumber

_SENDING_SECONDS = 60  # longer than the Lambda may run
_RETENTION_SECONDS = 15 * 86400  # longer than the retention of a dead letter


class MailKind(StrEnum):
    """The kinds of mail that an account receives."""

    EMAIL_VERIFICATION = "EMAIL_VERIFICATION"
    PASSWORD_RESET = "PASSWORD_RESET"  # noqa: S105 - a kind of mail
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a kind of mail
    ADDRESS_TAKEN = "ADDRESS_TAKEN"


class Mail(Model):
    """The last mail of its kind to an account: claimed, sent, and its token used.

    The token is in the mail alone. Here is its SHA-256 digest, which the next mail of the kind
    overwrites.
    """

    class Meta(dynamodb.Meta):
        table_name = "AccountMails"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    kind = UnicodeAttribute(range_key=True)
    request_id = UnicodeAttribute(attr_name="requestId")
    claim_id = UnicodeAttribute(attr_name="claimId", null=True)
    claimed_until = WholeNumber(attr_name="claimedUntil", null=True)
    sent_at = UnicodeAttribute(attr_name="sentAt", null=True)
    token_hash = UnicodeAttribute(attr_name="tokenHash", null=True)
    valid_until = WholeNumber(attr_name="validUntil", null=True)
    used_hash = UnicodeAttribute(attr_name="usedHash", null=True)
    expires_at = WholeNumber(attr_name="expiresAt")

    @classmethod
    def acquire(cls, user_id: str, kind: MailKind, request_id: str) -> Self | None:
        """Claim the right to send this mail.

        None if it, or a later one, was sent. Request ids sort by time, so a message that arrives
        late does not void a later mail. Idempotent for a repeat by the SDK after a lost response,
        which finds its own `claim_id`.

        Raises: MailUnderWay while another delivery has the claim.
        """
        now, mail, claim_id = clock.epoch(), cls(user_id, kind), ids.suffix(ids.new("CLAIM"))
        is_new = cls.request_id.does_not_exist() | (cls.request_id < request_id)
        is_abandoned = (
            (cls.request_id == request_id)
            & cls.sent_at.does_not_exist()
            & (cls.claimed_until < now)
        )
        is_acquired = dynamodb.update_if(
            mail,
            [
                cls.request_id.set(request_id),
                cls.claim_id.set(claim_id),
                cls.claimed_until.set(now + _SENDING_SECONDS),
                cls.expires_at.set(now + _RETENTION_SECONDS),
                cls.sent_at.remove(),
            ],
            is_new | is_abandoned | (cls.claim_id == claim_id),
        )
        if is_acquired:
            return mail
        mail.refresh(consistent_read=True)
        if mail.request_id == request_id and mail.sent_at is None:
            raise MailUnderWay(f"{kind} is being sent")
        return None
