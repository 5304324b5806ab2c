"""Passwords: what the shop accepts, and bcrypt's hashes of them."""

import bcrypt

from chalicelib.users.errors import PasswordTooLong, PasswordTooShort
from common import settings

MOST_BYTES = 72  # bcrypt's own limit: https://en.wikipedia.org/wiki/Bcrypt#Maximum_password_length
_NOBODYS = "." * 53  # salt and digest in bcrypt's alphabet; no known password has this hash


def hashed(password: str) -> str:
    """The bcrypt hash to keep; PasswordTooShort or PasswordTooLong if the shop does not accept the password."""
    least = settings.integer("PASSWORD_MIN_LENGTH", 12)
    if len(password) < least:
        raise PasswordTooShort(f"password: expected at least {least} characters")
    if len(password.encode()) > MOST_BYTES:
        raise PasswordTooLong(f"password: expected at most {MOST_BYTES} bytes of UTF-8")
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_rounds())).decode()


def matches(password: str, kept: str | None) -> bool:
    """Whether this is the password that was hashed; no password matches None.

    None costs as much time as a hash does, or the answer's delay would tell who has an account.
    """
    given = password.encode()
    same = bcrypt.checkpw(given[:MOST_BYTES], (kept or _nobodys_hash()).encode())
    return same and kept is not None and len(given) <= MOST_BYTES


def _nobodys_hash() -> str:
    return f"$2b${_rounds():02}${_NOBODYS}"


def _rounds() -> int:
    return settings.integer("BCRYPT_ROUNDS", 12)
