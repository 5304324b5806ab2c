"""The tokens in mails: `<user>.<secret>`, random, stored as a digest."""

import secrets
from dataclasses import dataclass
from typing import Self

from pynamodb.expressions.condition import Condition

from chalicelib.mails.errors import InvalidMailToken
from chalicelib.mails.models import Mail, MailKind
from chalicelib.tokens.digests import digest, matches_digest
from common import clock, dynamodb, ids

_BYTES = 32


@dataclass(frozen=True)
class MailToken:
    """A parsed token of a mail."""

    user_id: str
    secret: str

    @classmethod
    def create(cls, user_id: str) -> Self:
        """Create a random token."""
        return cls(user_id, secrets.token_urlsafe(_BYTES))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse the token that a client sent.

        Raises: InvalidMailToken if it cannot be one.
        """
        user, dot, secret = text.strip().partition(".")
        if not user or not dot or not secret:
            raise InvalidMailToken
        return cls(f"USER#{user}", secret)

    def serialize(self) -> str:
        """Return the token as it is written in the mail."""
        return f"{ids.suffix(self.user_id)}.{self.secret}"

    @property
    def digest(self) -> str:
        """The digest that is stored of it."""
        return digest(self.secret)

    @property
    def is_valid(self) -> Condition:
        """The condition of a mail that this is its unused, unexpired token."""
        condition: Condition = (Mail.token_hash == self.digest) & (Mail.valid_until > clock.epoch())
        return condition

    def validate(self, kind: MailKind) -> Mail:
        """Return the last mail of a kind, whose unused, unexpired token this is.

        Raises: InvalidMailToken.
        """
        mail = dynamodb.find(Mail, self.user_id, kind)
        is_last = mail is not None and matches_digest(self.secret, mail.token_hash)
        if mail is None or not is_last or (mail.valid_until or 0) <= clock.epoch():
            raise InvalidMailToken
        return mail

    def was_used(self, kind: MailKind, user_id: str) -> bool:
        """Whether this is the last token of this kind that was used for the account."""
        mail = dynamodb.find(Mail, user_id, kind)
        return mail is not None and matches_digest(self.secret, mail.used_hash)
