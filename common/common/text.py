"""Text that people write: which characters it may have, its one form, its length.

`normalize` is what UAX #15 calls NFC, without what nobody sees: exports of other systems and
spreadsheets are full of no-break spaces and byte order marks. Control characters are refused.
"""

import re
import unicodedata

MAX_CODE_POINTS_PER_CHARACTER = 4  # on average: a name in a table cannot be a tower of accents

_LINE_ENDS = re.compile("\r\n|[\r\x85\u2028\u2029]")
# Soft hyphen, zero-width space, word joiner, zero-width no-break space (byte order mark).
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
_SPACES = re.compile("[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]")
JOINERS = "\u200c\u200d"  # zero-width non-joiner and joiner
# What they have a meaning after: letters without case (Arabic, Devanagari, ...) and emoji.
_JOINABLE = ("Lo", "Lm", "So", "Sk")
_LAYOUT = "\t\r\n\x85\u2028\u2029"
_OVERRIDES = "\u202d\u202e"  # they show a text in another order than it is stored in
_NAMES = {
    "\0": "NULL", "\t": "TAB", "\n": "LINE FEED", "\r": "CARRIAGE RETURN", "\x1b": "ESCAPE",
    "\x7f": "DELETE", "\x85": "NEXT LINE",
}  # fmt: skip


def parse_line(field: str, text: str, max_length: int, min_length: int = 1) -> str:
    """Normalize one line of text.

    Raises: ValueError with the field, and what was expected, for control characters (line ends
    are some) or another length.
    """
    _reject_control_characters(field, text, allowed="")
    return _check_length(field, normalize(text), min_length, max_length)


def parse_paragraphs(field: str, text: str, max_length: int) -> str:
    """Normalize text that may be empty, and may have line ends and tabs.

    Line ends become \\n.

    Raises: ValueError with the field, and what was expected.
    """
    _reject_control_characters(field, text, allowed=_LAYOUT)
    return _check_length(field, normalize(_LINE_ENDS.sub("\n", text)), 0, max_length)


def normalize(text: str) -> str:
    """Return the one form of texts that look the same.

    NFC, plain spaces, nothing invisible. Joiners stay where scripts and emoji need them.
    Idempotent.
    """
    if text.isascii():
        return text.strip()
    text = _SPACES.sub(" ", _INVISIBLE.sub("", unicodedata.normalize("NFC", text)))
    return unicodedata.normalize("NFC", _without_stray_joiners(text)).strip()


def trim(text: str) -> str:
    """Strip spaces and byte order marks from the ends, such as of an address."""
    return text.strip().strip("\ufeff").strip()


def length(text: str) -> int:
    """Count characters as people do: the grapheme clusters of UAX #29."""
    if text.isascii():
        return len(text)
    import grapheme  # only for what is long and not ASCII

    return int(grapheme.length(text))


def _without_stray_joiners(text: str) -> str:
    if not any(joiner in text for joiner in JOINERS):
        return text
    kept, base = [], ""
    for char in text:
        if char in JOINERS and base not in _JOINABLE:
            continue
        kept.append(char)
        if char not in JOINERS and not unicodedata.category(char).startswith("M"):
            base = unicodedata.category(char)
    return "".join(kept)


def _reject_control_characters(field: str, text: str, allowed: str) -> None:
    inner = text.strip()  # line ends around a text are no part of it
    start = text.find(inner)
    for position, char in enumerate(inner, start):
        if _is_control(char) and char not in allowed:
            raise ValueError(
                f"{field}: character {length(text[:position]) + 1} is {_describe(char)};"
                " expected text without control characters"
            )


def _is_control(char: str) -> bool:
    return char in _OVERRIDES or unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")


def _describe(char: str) -> str:
    name = _NAMES.get(char) or unicodedata.name(char, "a control character")
    return f"U+{ord(char):04X} ({name})"


def _check_length(field: str, text: str, min_length: int, max_length: int) -> str:
    is_visible = any(unicodedata.category(char)[0] not in "CZ" for char in text)
    if (min_length and not is_visible) or not _fits(text, max_length):
        raise ValueError(
            f"{field}: expected {min_length} to {max_length} characters"
            if min_length
            else f"{field}: expected at most {max_length} characters"
        )
    return text


def _fits(text: str, max_length: int) -> bool:
    if len(text) <= max_length:
        return True
    return len(text) <= max_length * MAX_CODE_POINTS_PER_CHARACTER and length(text) <= max_length
