"""The texts of the mails.

A token is in the fragment of a link: browsers send it to no server, so it reaches no log.
"""

from dataclasses import dataclass

from chalicelib.mails.models import MailKind
from common import settings


@dataclass(frozen=True)
class MailText:
    """The text of a mail. The body follows the greeting."""

    subject: str
    body: str


def with_token(kind: MailKind, token: str) -> MailText:
    """Return the mail of a kind that carries a token."""
    return password_reset(token) if kind is MailKind.PASSWORD_RESET else email_verification(token)


def email_verification(token: str) -> MailText:
    """Return the mail that verifies an address."""
    return MailText(
        "Confirm your address",
        "somebody opened an account with this address. If it was you, confirm it with your "
        "password here:\n\n"
        f"{_link('email/verify', token)}\n\n"
        "The link works for three days. If it was not you, do nothing: the account then ends by "
        "itself. Or choose a password of your own there, and the address is yours alone.",
    )


def password_reset(token: str) -> MailText:
    """Return the mail to a user who forgot their password."""
    return MailText(
        "Choose a new password",
        "somebody asked for a new password for your account. If it was you, choose one here:\n\n"
        f"{_link('password/reset', token)}\n\n"
        "The link works once, for an hour; links in earlier mails do not work any more. "
        "If it was not you, do nothing: your password stays as it is.",
    )


def password_changed() -> MailText:
    """Return the mail after a change of the password."""
    return MailText(
        "Your password was changed",
        "the password of your account was changed, and all other devices were logged out.\n\n"
        f"If it was not you, ask for a new one at once: {_site()}/password/forgotten",
    )


def address_taken() -> MailText:
    """Return the mail to the owner of an address that was registered again."""
    return MailText(
        "You have an account already",
        "somebody tried to open an account with this address. "
        "It has one, and nothing was changed.\n\n"
        f"If it was you and you forgot your password: {_site()}/password/forgotten\n"
        "If it was not you, do nothing.",
    )


def unverified_address_taken() -> MailText:
    """Return `address_taken` for an address that is not verified.

    Choosing a new password verifies it, and locks out a stranger who opened the account.
    """
    return MailText(
        "You have an account already",
        "somebody tried to open an account with this address. "
        "It has one, and nothing was changed; but the address was never confirmed.\n\n"
        "If it was you, choose a new password, which confirms the address, too: "
        f"{_site()}/password/forgotten\n"
        "If it was not you, do nothing.",
    )


def _link(page: str, token: str) -> str:
    return f"{_site()}/{page}#token={token}"


def _site() -> str:
    return settings.text("SHOP_SITE").rstrip("/")
