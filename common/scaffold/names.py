"""The name of a new service, and what follows from it: noun, path, table, class."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*-service")
# A Lambda's name has at most 64 characters and begins with service and stage.
_MAX_LENGTH = 40
_MEANT_OTHERWISE = {"model", "service"}  # words of the code that would mean two things
_SINGULAR_S = ("ss", "us", "is")


class NameRefused(ValueError):
    """The name is not valid or taken. The message says what was expected."""


@dataclass(frozen=True)
class Noun:
    """What the service is about, in the singular, as words: ("gift", "card")."""

    words: tuple[str, ...]

    @property
    def plural(self) -> "Noun":
        """("gift", "cards")."""
        return Noun((*self.words[:-1], _plural(self.words[-1])))

    @property
    def kebab(self) -> str:
        """`gift-card`, in paths."""
        return "-".join(self.words)

    @property
    def snake(self) -> str:
        """`gift_card`, in Python."""
        return "_".join(self.words)

    @property
    def pascal(self) -> str:
        """`GiftCard`, of classes and tables."""
        return "".join(word.capitalize() for word in self.words)

    @property
    def camel(self) -> str:
        """`giftCard`, on the wire."""
        return self.pascal[0].lower() + self.pascal[1:]

    def forms(self) -> tuple[str, ...]:
        """All spellings in code and texts."""
        spoken = " ".join(self.words)
        return self.kebab, self.snake, self.pascal, self.camel, spoken, self.pascal.upper()


SAMPLE = Noun(("sample", "thing"))  # what the template is about


def noun(name: str) -> Noun:
    """Return the noun of a service's name. Raises: NameRefused."""
    if not _NAME.fullmatch(name):
        raise NameRefused(
            f"NAME={name} is no name for a service: expected small letters, digits and hyphens"
            " with -service at the end, "
            "such as wishlist-service."
        )
    if len(name) > _MAX_LENGTH:
        raise NameRefused(f"NAME={name} is too long: expected at most {_MAX_LENGTH} characters.")
    words = tuple(name.removesuffix("-service").split("-"))
    if words[-1].endswith("s") and not words[-1].endswith(_SINGULAR_S):
        raise NameRefused(
            f"NAME={name}: expected the noun in the singular, such as {name.replace('s-s', '-s')}."
        )
    if words[-1] in _MEANT_OTHERWISE:
        raise NameRefused(
            f"NAME={name}: {words[-1]} means something else in every service; choose another noun."
        )
    return Noun(words)


def spelt(text: str, new_noun: Noun) -> str:
    """Replace the template's noun in a text."""
    pairs = [*_pairs(SAMPLE.plural, new_noun.plural), *_pairs(SAMPLE, new_noun)]
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def _pairs(old: Noun, new: Noun) -> Iterable[tuple[str, str]]:
    return zip(old.forms(), new.forms(), strict=True)


def _plural(word: str) -> str:
    if re.search("[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search("(s|x|z|ch|sh)$", word) else f"{word}s"
