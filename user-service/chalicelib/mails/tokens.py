"""The tokens in mails: `<user>.<secret>`, random, kept as a digest."""

import secrets
from dataclasses import dataclass
from typing import Self

from chalicelib.mails.errors import InvalidMailToken
from chalicelib.mails.models import Mail
from chalicelib.tokens.digests import digest, is_of
from common import clock, ids

_BYTES = 32


@dataclass(frozen=True)
class MailToken:
    """A token out of a mail, taken apart."""

    user_id: str
    secret: str

    @classmethod
    def made(cls, user_id: str) -> Self:
        """A new one."""
        return cls(user_id, secrets.token_urlsafe(_BYTES))

    @classmethod
    def parsed(cls, text: str) -> Self:
        """What somebody sent; InvalidMailToken if it cannot be one."""
        user, dot, secret = text.strip().partition(".")
        if not user or not dot or not secret:
            raise InvalidMailToken
        return cls(f"USER#{user}", secret)

    def text(self) -> str:
        """As it stands in the mail."""
        return f"{ids.suffix(self.user_id)}.{self.secret}"

    @property
    def digest(self) -> str:
        """What is kept of it."""
        return digest(self.secret)

    def mail(self, kind: str) -> Mail:
        """The mail that it came with, as long as it may be used; InvalidMailToken otherwise."""
        mail = Mail.find(self.user_id, kind)
        if (
            mail is None
            or not is_of(self.secret, mail.token_hash)
            or (mail.valid_until or 0) <= clock.epoch()
        ):
            raise InvalidMailToken
        return mail

    def was_used(self, kind: str) -> bool:
        """Whether it was the last one to be used."""
        mail = Mail.find(self.user_id, kind)
        return mail is not None and is_of(self.secret, mail.used_hash)
