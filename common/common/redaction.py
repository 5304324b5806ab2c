"""What no log line may hold: who somebody is, what opens a door, and what pays. Found by its look or by its name, and struck out.

Of a customer's id the end stays, so that the lines about one customer can be found.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REDACTED = "***"
_SHOWN = 8  # of a ULID's 26 letters: 40 bits, enough to tell customers apart, and 90 bits too few to ask for anything with
_SHORTEST = 20  # of what is shorter, the last letters would be nearly all

_NAMES = re.compile(
    r"password|token|secret|authorization|guest[_-]?cart|signature|api_?key|cvc|card_?number", re.I
)
# Callers write what is logged, so no look may take longer than a text is long: one try for each run of letters, none is given back,
# and what could begin at every letter ends soon.
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
# Each with a character that stands in all that it finds: to look for that takes a tenth of the time, and most texts have none.
_LOOKS = (
    ("@", re.compile(rf"(?<!{_LOCAL}){_LOCAL}++@[\w-]+(?:\.[\w-]+)+")),  # an e-mail address
    (".", re.compile(r"\beyJ[\w-]{1,1000}+\.[\w-]++\.[\w-]*")),  # a JSON Web Token
    (" ", re.compile(r"(?<=\bBearer )\S+|(?<=\bBasic )\S+", re.I)),
    (
        "_",
        re.compile(r"\b(?:pi|seti)_\w+_secret_\w+"),
    ),  # lets whoever has it pay or see a PaymentIntent
    ("_", re.compile(r"\b(?:sk|rk)_(?:live|test)_\w+|\bwhsec_\w+")),
)
_NAMED = re.compile(
    rf"(?<=[\w?&\"'])(?:{_NAMES.pattern})\w{{0,64}}+[\"']?\s*[=:]\s*[\"']?[^\s\"'&,}}]+", re.I
)
_CUSTOMER = re.compile(r"\b(USER|GUEST)(#|%23)([\w-]+)")
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")


def masked(value: Any) -> Any:
    """The same value without its secrets, at whatever depth they stand; what is no JSON comes back as its text."""
    if isinstance(value, str):
        return _text(str(value))
    if isinstance(value, Mapping):
        return {
            name: REDACTED if _is_secret(name, held) else masked(held)
            for name, held in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [masked(held) for held in value]
    if isinstance(value, int) and _is_card(str(value)):
        return REDACTED
    return value if value is None or isinstance(value, bool | int | float) else _text(str(value))


def customer(identifier: str) -> str:
    """What a log calls a customer: `USER#*8R9S0T1W`, the same in every line, from the end of the id; nobody can act with it."""
    return _CUSTOMER.sub(lambda found: f"{found[1]}{found[2]}*{_tail(found[3])}", identifier)


def _tail(bare: str) -> str:
    return bare[-_SHOWN:] if len(bare) >= _SHORTEST else ""


def _text(text: str) -> str:
    for sign, look in _LOOKS:
        if sign in text:
            text = look.sub(REDACTED, text)
    if ":" in text or "=" in text:
        text = _NAMED.sub(REDACTED, text)
    text = customer(text)
    return _DIGITS.sub(lambda found: REDACTED if _is_card(found[0]) else found[0], text)


def _is_secret(name: Any, held: Any) -> bool:
    """Whether a field's name says that it is one; true, false and nothing give nothing away."""
    return (
        isinstance(held, str | int) and not isinstance(held, bool) and _is_name_of_secret(str(name))
    )


@lru_cache(1024)
def _is_name_of_secret(name: str) -> bool:
    """The same few names stand in every line."""
    return bool(_NAMES.search(name))


def _is_card(text: str) -> bool:
    """Whether these are as many digits as a card number has, and the last one checks the others (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    if not 13 <= len(digits) <= 19 or not 2 <= digits[0] <= 6:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
