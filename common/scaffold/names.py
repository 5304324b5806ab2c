"""The name of a service that does not exist yet, and what follows from it: its noun, path, table, class."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*-service")
_LONGEST = 40  # a Lambda's name has at most 64 characters, and those of a service begin with the service's and its stage
_MEANT_OTHERWISE = {"model", "service"}  # words of the code that would mean two things
_SINGULAR_S = ("ss", "us", "is")


class NameRefused(ValueError):
    """No service can be called so; the message says why, and what was expected."""


@dataclass(frozen=True)
class Noun:
    """What the service is about, in the singular, as the words it is made of: ("gift", "card")."""

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
        """All ways in which code and texts spell it."""
        spoken = " ".join(self.words)
        return self.kebab, self.snake, self.pascal, self.camel, spoken, self.pascal.upper()


SAMPLE = Noun(("sample", "thing"))  # what the template is about


def noun(name: str) -> Noun:
    """The noun in a service's name; NameRefused if the name cannot be one."""
    if not _NAME.fullmatch(name):
        raise NameRefused(
            f"NAME={name} is no name for a service: expected small letters, digits and hyphens with -service at the end, "
            "such as wishlist-service."
        )
    if len(name) > _LONGEST:
        raise NameRefused(f"NAME={name} is too long: expected at most {_LONGEST} characters.")
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


def spelt(text: str, wanted: Noun) -> str:
    """A text of the template with the wanted noun in the place of the sample."""
    pairs = [*_pairs(SAMPLE.plural, wanted.plural), *_pairs(SAMPLE, wanted)]
    for old, new in pairs:
        text = text.replace(old, new)
    return text


def _pairs(old: Noun, new: Noun) -> Iterable[tuple[str, str]]:
    return zip(old.forms(), new.forms(), strict=True)


def _plural(word: str) -> str:
    if re.search("[^aeiou]y$", word):
        return f"{word[:-1]}ies"
    return f"{word}es" if re.search("(s|x|z|ch|sh)$", word) else f"{word}s"
