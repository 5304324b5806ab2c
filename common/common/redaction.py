"""Redaction of log lines: e-mail addresses, tokens, secrets and card numbers.

They are found by their pattern or by the name of their field. The end of a customer's id stays,
so that the lines about one customer can be found.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

REDACTED = "***"
# Of a ULID's 26 letters: 40 bits tell customers apart, and 90 bits are missing to use the id.
_SHOWN = 8
_MIN_LENGTH = 20  # of a shorter id, the last letters would be nearly all

_NAMES = re.compile(
    r"password|token|secret|authorization|guest[_-]?cart|signature|api_?key|cvc|card_?number", re.I
)
# Clients write what is logged, so each pattern must be linear in the text's length: possessive
# quantifiers, and bounded repetition where a match could begin at every letter.
_LOCAL = r"[\w.!#$%&'*+/=?^`{|}~-]"
# Each with a character that every match contains: searching for that first takes a tenth of the
# time, and most texts have none.
_PATTERNS = (
    ("@", re.compile(rf"(?<!{_LOCAL}){_LOCAL}++@[\w-]+(?:\.[\w-]+)+")),  # an e-mail address
    (".", re.compile(r"\beyJ[\w-]{1,1000}+\.[\w-]++\.[\w-]*")),  # a JSON Web Token
    (" ", re.compile(r"(?<=\bBearer )\S+|(?<=\bBasic )\S+", re.I)),
    (
        "_",
        re.compile(r"\b(?:pi|seti)_\w+_secret_\w+"),
    ),  # its bearer can pay or read the PaymentIntent
    ("_", re.compile(r"\b(?:sk|rk)_(?:live|test)_\w+|\bwhsec_\w+")),
)
_NAMED = re.compile(
    rf"(?<=[\w?&\"'])(?:{_NAMES.pattern})\w{{0,64}}+[\"']?\s*[=:]\s*[\"']?[^\s\"'&,}}]+", re.I
)
_CUSTOMER = re.compile(r"\b(USER|GUEST)(#|%23)([\w-]+)")
_DIGITS = re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w.-])")


def masked(value: Any) -> Any:
    """Return the value without its secrets, at any depth.

    What is not JSON becomes its text.
    """
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
    """Mask a customer's id for logs: `USER#*8R9S0T1W`, the same in every line."""
    return _CUSTOMER.sub(lambda match: f"{match[1]}{match[2]}*{_tail(match[3])}", identifier)


def _tail(bare: str) -> str:
    return bare[-_SHOWN:] if len(bare) >= _MIN_LENGTH else ""


def _text(text: str) -> str:
    for character, pattern in _PATTERNS:
        if character in text:
            text = pattern.sub(REDACTED, text)
    if ":" in text or "=" in text:
        text = _NAMED.sub(REDACTED, text)
    text = customer(text)
    return _DIGITS.sub(lambda match: REDACTED if _is_card(match[0]) else match[0], text)


def _is_secret(name: Any, held: Any) -> bool:
    """Whether a field's name says that it is secret. Booleans and null reveal nothing."""
    return (
        isinstance(held, str | int) and not isinstance(held, bool) and _is_name_of_secret(str(name))
    )


@lru_cache(1024)
def _is_name_of_secret(name: str) -> bool:
    """Cached: the same few names occur in every line."""
    return bool(_NAMES.search(name))


def _is_card(text: str) -> bool:
    """Whether the digits have a card number's length and check digit (ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in text if digit.isdigit()]
    if not 13 <= len(digits) <= 19 or not 2 <= digits[0] <= 6:
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
