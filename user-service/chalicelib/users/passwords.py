"""Which passwords the shop accepts, and their bcrypt hashes."""

import unicodedata

import bcrypt

from chalicelib.users.errors import PasswordTooLong, PasswordTooShort
from common import settings

MAX_BYTES = 72  # bcrypt's limit: https://en.wikipedia.org/wiki/Bcrypt#Maximum_password_length
_DUMMY_SALT_AND_DIGEST = "." * 53  # in bcrypt's alphabet; no known password has this hash


def hash_password(password: str) -> str:
    """Return the bcrypt hash of a new password, in its normal form.

    Raises: PasswordTooShort, PasswordTooLong.
    """
    password = normalize(password)
    min_length = settings.integer("PASSWORD_MIN_LENGTH", 12)
    if len(password) < min_length:
        raise PasswordTooShort(f"password: expected at least {min_length} characters")
    if len(password.encode()) > MAX_BYTES:
        raise PasswordTooLong(f"password: expected at most {MAX_BYTES} bytes of UTF-8")
    return _hash(password)


def matches_hash(password: str, stored: str | None) -> bool:
    """Check a password against its hash, as it came and in its normal form.

    Hashes from before passwords were normalized are of what came. No password matches None. None
    costs as much time as a hash: otherwise the delay would reveal who has an account.
    """
    forms = dict.fromkeys((normalize(password), password))
    matches = [_is_hash_of(form, stored) for form in forms]  # all of them: equal delays
    return any(matches)


def renew_hash(password: str, stored: str) -> str | None:
    """Return the hash of the password's normal form, if `stored` is of another."""
    normal = normalize(password)
    is_storable = normal != password and len(normal.encode()) <= MAX_BYTES
    return _hash(normal) if is_storable and not _is_hash_of(normal, stored) else None


def normalize(password: str) -> str:
    """Return the form in which passwords are compared.

    Keyboards type one text in several. This is OpaqueString: NFC, every space plain.
    https://www.rfc-editor.org/rfc/rfc8265#section-4.2
    """
    spaced = (" " if unicodedata.category(char) == "Zs" else char for char in password)
    return unicodedata.normalize("NFC", "".join(spaced))


def _hash(password: str) -> str:
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(_rounds())).decode()


def _is_hash_of(password: str, stored: str | None) -> bool:
    candidate = password.encode()
    is_equal = bcrypt.checkpw(candidate[:MAX_BYTES], (stored or _dummy_hash()).encode())
    return is_equal and stored is not None and len(candidate) <= MAX_BYTES


def _dummy_hash() -> str:
    return f"$2b${_rounds():02}${_DUMMY_SALT_AND_DIGEST}"


def _rounds() -> int:
    return settings.integer("BCRYPT_ROUNDS", 12)
