"""What the mails say. A token stands in the fragment of a link: browsers send it to no server, and no log gets it."""

from common import settings


def verification(token: str) -> tuple[str, str]:
    """Subject and text of the mail that proves an address."""
    return (
        "Confirm your address",
        "please confirm that this address is yours:\n\n"
        f"{_link('email/verify', token)}\n\n"
        "The link works for three days. If you did not open an account, do nothing.",
    )


def reset(token: str) -> tuple[str, str]:
    """Subject and text of the mail to whoever forgot their password."""
    return (
        "Choose a new password",
        "somebody asked for a new password for your account. If it was you, choose one here:\n\n"
        f"{_link('password/reset', token)}\n\n"
        "The link works once, for an hour; links in earlier mails do not work any more. If it was not you, do nothing: your "
        "password stays as it is.",
    )


def changed() -> tuple[str, str]:
    """Subject and text of the mail after a password was changed."""
    return (
        "Your password was changed",
        "the password of your account was changed, and all other devices were logged out.\n\n"
        f"If it was not you, ask for a new one at once: {_site()}/password/forgotten",
    )


def taken() -> tuple[str, str]:
    """Subject and text of the mail to whose address somebody tried to register again."""
    return (
        "You have an account already",
        "somebody tried to open an account with this address. It has one, and nothing was changed.\n\n"
        f"If it was you and you forgot your password: {_site()}/password/forgotten\n"
        "If it was not you, do nothing.",
    )


def taken_unproved() -> tuple[str, str]:
    """As taken, where nobody has shown that the address is theirs: a new password shows it, and locks out who opened the account."""
    return (
        "You have an account already",
        "somebody tried to open an account with this address. It has one, and nothing was changed; but the address was never "
        "confirmed.\n\n"
        f"If it was you, choose a new password, which confirms the address, too: {_site()}/password/forgotten\n"
        "If it was not you, do nothing.",
    )


def _link(page: str, token: str) -> str:
    return f"{_site()}/{page}#token={token}"


def _site() -> str:
    return settings.text("SHOP_SITE").rstrip("/")
