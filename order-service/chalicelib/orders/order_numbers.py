"""Order numbers: what people read out, derived from the order's id and time.

`261126-1G8KQ-27XTB` is the day (UTC), the millisecond of the day in six letters, and four of a
digest of the id. So an order costs no counter, and its number says when it was placed, which finds
it in the index by-time. It is no secret and no key: who may see an order is decided by its id.
"""

import re
import zlib
from datetime import UTC, datetime, timedelta

# Crockford's base 32 has no I, L, O and U: https://www.crockford.com/base32.html
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LOOKALIKES = str.maketrans("ILO", "110", " -")
_DAY_FORMAT = "%y%m%d"
_TIME_LETTERS, _DIGEST_LETTERS = 6, 4
_FORM = re.compile(rf"([0-9]{{6}})([{_ALPHABET}]{{{_TIME_LETTERS + _DIGEST_LETTERS}}})")
_MILLISECOND = timedelta(milliseconds=1)
_MAX_LENGTH = 40
_EXPECTED = "expected a number such as 261126-1G8KQ-27XTB"


def create_number(order_id: str, created_at: str) -> str:
    """Return the number of the order of this id and time. Always the same."""
    placed = datetime.fromisoformat(created_at).astimezone(UTC)
    milliseconds = (placed - _midnight(placed)) // _MILLISECOND
    letters = _encode(milliseconds, _TIME_LETTERS)
    letters += _encode(zlib.crc32(order_id.encode()), _DIGEST_LETTERS)
    return f"{placed.strftime(_DAY_FORMAT)}-{letters[:5]}-{letters[5:]}"


def parse_number(field: str, text: str) -> str:
    """Return the number that somebody typed, in its one form.

    Hyphens, blanks and case do not matter, and I, L and O are read as 1, 1 and 0.

    Raises: ValueError with the field if it is none.
    """
    form = _FORM.fullmatch(text[:_MAX_LENGTH].upper().translate(_LOOKALIKES))
    if form is None or len(text) > _MAX_LENGTH:
        raise ValueError(f"{field}: {_EXPECTED}")
    number = f"{form[1]}-{form[2][:5]}-{form[2][5:]}"
    try:
        find_time(number)
    except ValueError:
        raise ValueError(f"{field}: {_EXPECTED}") from None
    return number


def find_time(number: str) -> str:
    """Return when the order of this number was placed, as `createdAt` has it.

    Raises: ValueError if there is no such time.
    """
    day, first, second = number.split("-")
    milliseconds = 0
    for letter in (first + second)[:_TIME_LETTERS]:
        milliseconds = milliseconds * 32 + _ALPHABET.index(letter)
    if milliseconds >= timedelta(days=1) // _MILLISECOND:
        raise ValueError("a day has fewer milliseconds")
    midnight = datetime.strptime(day, _DAY_FORMAT).replace(tzinfo=UTC)
    placed = midnight + milliseconds * _MILLISECOND
    return placed.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _encode(number: int, length: int) -> str:
    """Return the last bits of the number, five a letter."""
    return "".join(_ALPHABET[number >> 5 * place & 31] for place in reversed(range(length)))
