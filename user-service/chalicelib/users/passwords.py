"""Which passwords the shop accepts, and their bcrypt hashes."""

import bcrypt

from chalicelib.users.errors import PasswordTooLong, PasswordTooShort
from common import settings

MAX_BYTES = 72  # bcrypt's limit: https://en.wikipedia.org/wiki/Bcrypt#Maximum_password_length
_DUMMY_SALT_AND_DIGEST = "." * 53  # in bcrypt's alphabet; no known password has this hash


def hash_password(password: str) -> str:
    """Return the bcrypt hash of a new password.

    Raises: PasswordTooShort, PasswordTooLong.
    """
    min_length = settings.integer("PASSWORD_MIN_LENGTH", 12)
    if len(password) < min_length:
        raise PasswordTooShort(f"password: expected at least {min_length} characters")
    if len(password.encode()) > MAX_BYTES:
        raise PasswordTooLong(f"password: expected at most {MAX_BYTES} bytes of UTF-8")
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_rounds())).decode()


def matches_hash(password: str, stored: str | None) -> bool:
    """Check a password against its hash.

    No password matches None. None costs as much time as a hash: otherwise the delay would reveal
    who has an account.
    """
    candidate = password.encode()
    is_equal = bcrypt.checkpw(candidate[:MAX_BYTES], (stored or _dummy_hash()).encode())
    return is_equal and stored is not None and len(candidate) <= MAX_BYTES


def _dummy_hash() -> str:
    return f"$2b${_rounds():02}${_DUMMY_SALT_AND_DIGEST}"


def _rounds() -> int:
    return settings.integer("BCRYPT_ROUNDS", 12)
