"""E-mail addresses: which are taken, and their normal form."""

import re

from common import text

# What HTML accepts for <input type=email>, with a dot in the domain and no stray one before the @.
# ASCII only, as SES requires: https://html.spec.whatwg.org/multipage/input.html#valid-e-mail-address
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL_PART, _DOMAIN = rf"{_ATOM}(?:\.{_ATOM})*", rf"{_LABEL}(?:\.{_LABEL})+"
_EMAIL = re.compile(rf"(?=.{{1,64}}@)(?=.{{1,254}}\Z){_LOCAL_PART}@{_DOMAIN}")


def parse(field: str, value: str) -> str:
    """Return the address without outer blanks, as it was typed.

    Raises: ValueError, which names the field.
    """
    address = text.trim(value)
    if not _EMAIL.fullmatch(address):
        raise ValueError(f"{field}: expected an address such as jimmy@example.com")
    return address


def normalize(address: str) -> str:
    """Return the form in which two spellings of one address are equal."""
    return address.strip().lower()
