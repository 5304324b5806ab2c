"""Words of a text as the index has them: one form, and their stems."""

import re
import unicodedata
from functools import lru_cache
from typing import Any

from common import settings

# Scripts that are written without spaces: each character is a word, a word is a phrase.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_MAX_STEMS = 50_000
# https://snowballstem.org/algorithms/
_ALGORITHMS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


def language() -> str:
    """Return the setting SHOP_LANGUAGE, an ISO 639-1 code."""
    return settings.text("SHOP_LANGUAGE", "en")


def fold(text: str) -> str:
    """Return the form in which texts are compared: without case and accents."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return unicodedata.normalize("NFC", _LATIN_MARKS.sub("", decomposed))


def split(text: str) -> list[str]:
    """Return the folded words of a text. Marks and joiners belong to their word.

    A word of a script without spaces is one with spaces between its characters.
    """
    folded = fold("".join(char if _is_part(char) else " " for char in text))
    words = []
    for run in _runs(folded):
        words.append(" ".join(run) if _is_unspaced(run[0]) else run)
    return words


def stem(word: str) -> str:
    """Return the stem of a folded word in the shop's language."""
    return _stem(language(), word)


def indexed(text: str) -> str:
    """Return the words of a text, and the stems that differ from them, for the index."""
    words = split(text)
    stems = [stemmed for word in words if (stemmed := stem(word)) != word]
    return " ".join((*words, *stems))


def _is_part(char: str) -> bool:
    return unicodedata.category(char)[0] in "LNM"


def _runs(text: str) -> list[str]:
    runs: list[str] = []
    for word in text.split():
        start = 0
        for place in range(1, len(word) + 1):
            is_end = place == len(word)
            if is_end or _is_unspaced(word[place]) != _is_unspaced(word[place - 1]):
                runs.append(word[start:place])
                start = place
    return runs


def _is_unspaced(char: str) -> bool:
    return bool(re.match(f"[{_UNSPACED}]", char))


@lru_cache(maxsize=_MAX_STEMS)
def _stem(code: str, word: str) -> str:
    stemmer = _stemmer(code)
    return stemmer.stemWord(word) if stemmer and " " not in word else word


@lru_cache(maxsize=1)
def _stemmer(code: str) -> Any:
    if code not in _ALGORITHMS:
        return None
    import snowballstemmer  # only where texts are indexed or searched

    return snowballstemmer.stemmer(_ALGORITHMS[code])
