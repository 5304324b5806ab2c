import unicodedata

import pytest

from common import text

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
NORMALIZED = {
    "Protein\u00a0Bowl": "Protein Bowl",
    "抹茶\u3000ラテ": "抹茶 ラテ",
    "\ufeffBowl": "Bowl",
    "Bo\u200bwl\u00ad\u2060": "Bowl",
    "Cafe\u0301": "Caf\u00e9",
    "e\ufeff\u0301": "\u00e9",
    "می\u200cخواهم": "می\u200cخواهم",  # Persian needs the non-joiner
    "ශ\u0dca\u200dර\u0dd3": "ශ\u0dca\u200dර\u0dd3",  # Sinhala the joiner
    "ന\u0d4d\u200d": "ന\u0d4d\u200d",  # and Malayalam at a word's end
    FAMILY: FAMILY,
    "\u2764\ufe0f\u200d\U0001f525": "\u2764\ufe0f\u200d\U0001f525",
    "Bo\u200dwl\u200c": "Bowl",  # Latin has no use for either
}
REFUSED = [
    ("Bo\x07wl", "name: character 3 is U+0007 (a control character)"),
    ("Bo\0wl", "name: character 3 is U+0000 (NULL)"),
    ("Bowl\nlarge", "name: character 5 is U+000A (LINE FEED)"),
    ("  B\x7fowl", "name: character 4 is U+007F (DELETE)"),
    ("दाल\x1b", "name: character 3 is U+001B (ESCAPE)"),
    ("abc\u202egnp.exe", "name: character 4 is U+202E (RIGHT-TO-LEFT OVERRIDE)"),
    ("a\u2028b", "name: character 2 is U+2028 (LINE SEPARATOR)"),
]


@pytest.mark.parametrize(("written", "kept"), NORMALIZED.items())
def test_a_text_that_looks_the_same_is_kept_the_same(written, kept):
    assert text.parse_line("name", written, 20) == kept
    assert text.normalize(kept) == kept


@pytest.mark.parametrize(("written", "message"), REFUSED)
def test_a_control_character_is_refused_with_its_name_and_place(written, message):
    with pytest.raises(ValueError, match="control characters") as refused:
        text.parse_line("name", written, 20)

    assert str(refused.value) == f"{message}; expected text without control characters"


def test_a_description_keeps_its_lines_and_tabs():
    assert text.parse_paragraphs("d", "a\r\nb\rc\u2028d\te", 20) == "a\nb\nc\nd\te"
    with pytest.raises(ValueError, match=r"d: character 3 is U\+0000"):
        text.parse_paragraphs("d", "a\n\0", 20)


@pytest.mark.parametrize(
    "character", ["a", "é", "दा", "क\u094dष", FAMILY, "\U0001f1ee\U0001f1f3", "한"]
)
def test_a_length_is_counted_in_characters_that_people_see(character):
    some = character * (4 if len(character) <= text.MAX_CODE_POINTS_PER_CHARACTER else 2)

    assert text.parse_line("name", some, 4) == unicodedata.normalize("NFC", some)
    with pytest.raises(ValueError, match="name: expected 1 to 4 characters"):
        text.parse_line("name", character * 5, 4)


def test_a_tower_of_accents_is_no_single_character():
    with pytest.raises(ValueError, match="expected 1 to 4 characters"):
        text.parse_line("name", "a" + "\u0336" * 100, 4)


@pytest.mark.parametrize("invisible", ["", " ", "\u00a0", "\ufeff", "\u200b", "\u200e", "\u200d"])
def test_a_name_that_nobody_sees_is_none(invisible):
    with pytest.raises(ValueError, match="name: expected 1 to 20 characters"):
        text.parse_line("name", invisible, 20)
