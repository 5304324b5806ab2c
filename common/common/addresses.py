"""Postal addresses, checked by the rules of their country.

The rules are data: `docgen.address_rules` says where they come from. They are read at the first
address, so that Lambdas which check none do not pay for them.
"""

import json
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from common import text
from common.schemas import InvalidBody, Schema

MAX_LENGTH = 100  # of a line; carriers print fewer characters, and shorten by themselves
MAX_POSTAL_CODE_LENGTH = 20

_RULES = Path(__file__).with_name("address_rules.json")
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_MAX_CHOICES = 60


class PostalAddress(Schema):
    """An address as it is stored and shown. It was checked when it was written."""

    name: Annotated[str, Meta(description="The recipient.")]
    line1: Annotated[str, Meta(description="Street and number.")]
    country: Annotated[str, Meta(description="ISO 3166-1 alpha-2, such as `US`.")]
    company: str | None = None
    line2: str | None = None
    city: Annotated[str | None, Meta(description="Required where the country's have one.")] = None
    region: Annotated[
        str | None,
        Meta(
            description="State, province or prefecture, by code or name, where the country's"
            " addresses have one. Answered as the country's post writes it: `CA` for California."
        ),
    ] = None
    postal_code: Annotated[
        str | None, Meta(description="Required where the country's addresses have one.")
    ] = None
    phone: Annotated[str | None, Meta(description="E.164, such as `+14155550123`.")] = None


class Address(PostalAddress):
    """An address of a request: normalized, and checked by its country's rules.

    Raises: ValueError with the field, and what the country expects.
    """

    def __post_init__(self) -> None:
        rules = find_rules(self.country)
        self.country = rules.country
        self.name = text.parse_line("name", self.name, MAX_LENGTH)
        self.line1 = text.parse_line("line1", self.line1, MAX_LENGTH)
        self.company = _parse_optional("company", self.company)
        self.line2 = _parse_optional("line2", self.line2)
        self.city = rules.require("C", "city", _parse_optional("city", self.city))
        self.region = rules.require("S", "region", _parse_optional("region", self.region))
        if self.region is not None:
            self.region = rules.parse_region(self.region)
        code = _parse_optional("postalCode", self.postal_code, MAX_POSTAL_CODE_LENGTH)
        self.postal_code = rules.parse_postal_code(code, self.region)
        self.phone = _parse_optional("phone", self.phone)
        if self.phone is not None and not _PHONE.fullmatch(self.phone):
            raise ValueError("phone: expected a number in E.164 form such as +14155550123")


@dataclass(frozen=True)
class Region:
    """A state, province or prefecture: its key, its names, how its postal codes begin."""

    key: str
    postal_code: str
    names: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The key, or the last name, which is in Latin script, if the key is not."""
        return self.key if self.key.isascii() or not self.names else self.names[-1]


@dataclass(frozen=True)
class CountryRules:
    """What the addresses of a country have.

    `C` is the city, `S` the region, `Z` the postal code.
    """

    country: str
    fields: str
    required: str
    postal_code: str
    example: str
    region_type: str
    regions: tuple[Region, ...]

    def require(self, letter: str, field: str, value: str | None) -> str | None:
        """Return the value.

        Raises: ValueError if there is none, and the country's addresses need one.
        """
        if value is None and letter in self.required:
            raise ValueError(f"{field}: addresses in {self.country} need one{self._hint(letter)}")
        return value

    def parse_region(self, name: str) -> str:
        """Return the key of a region, from its key, code or name in any case.

        Countries whose addresses have no region keep what was given. Raises: ValueError.
        """
        if not self.regions:
            return name
        key = _region_keys(self.country).get(_fold(name))
        if key is None:
            raise ValueError(f"region: {name!r} is not in {self.country}{self._hint('S')}")
        return key

    def parse_postal_code(self, code: str | None, region: str | None) -> str | None:
        """Return the postal code in capitals. None where the country has none.

        Raises: ValueError if it is none of the country, or of another region.
        """
        if "Z" not in self.fields:
            return None
        if self.require("Z", "postalCode", code) is None:
            return None
        code = str(code).upper()
        if self.postal_code and not re.fullmatch(self.postal_code, code):
            raise ValueError(f"postalCode: {code!r} is not one of {self.country}{self._hint('Z')}")
        place = next((each for each in self.regions if each.key == region), None)
        if place and place.postal_code and not re.match(place.postal_code, code):
            raise ValueError(f"postalCode: {code!r} is not in the {self.region_type} {place.label}")
        return code

    def _hint(self, letter: str) -> str:
        if letter == "Z" and self.example:
            return f", such as {self.example}"
        if letter != "S" or not self.regions:
            return ""
        choices = ", ".join(region.label for region in self.regions[:_MAX_CHOICES])
        more = ", ..." if len(self.regions) > _MAX_CHOICES else ""
        return f"; expected a {self.region_type}: {choices}{more}"


def countries() -> list[str]:
    """Return the codes of all countries."""
    return list(_database())


def check_stored(field: str, row: object) -> Address:
    """Return the address in the attributes of a row, checked by the rules of today.

    Raises: InvalidBody with the field if they have changed since it was stored.
    """
    names = Address.__struct_fields__
    try:
        return Address(**{name: getattr(row, name) for name in names})
    except ValueError as exc:
        raise InvalidBody(f"{field}: {exc}") from None


def find_rules(country: str) -> CountryRules:
    """Return the rules of a country by its code, in any case. Raises: ValueError."""
    code = country.strip().upper()
    if code not in _database():
        raise ValueError("country: expected a code of ISO 3166-1 alpha-2, such as US")
    return _rules(code)


@cache
def _rules(country: str) -> CountryRules:
    own = _database()[country]
    return CountryRules(
        country=country,
        fields=own.get("fields", ""),
        required=own.get("required", ""),
        postal_code=own.get("postalCode", ""),
        example=own.get("example", ""),
        region_type=own.get("regionType", ""),
        regions=tuple(
            Region(key, pattern, tuple(names)) for key, pattern, *names in own.get("regions", ())
        ),
    )


@cache
def _region_keys(country: str) -> dict[str, str]:
    """Return the key of each name, folded. A key wins over the same text as a name."""
    regions = _rules(country).regions
    names = {_fold(name): region.key for region in regions for name in region.names}
    return {**names, **{_fold(region.key): region.key for region in regions}}


@cache
def _database() -> dict[str, Any]:
    rules: dict[str, Any] = json.loads(_RULES.read_bytes())
    return rules


def _fold(name: str) -> str:
    """Return what is compared of a name: its letters, without case and accents."""
    return "".join(
        char for char in unicodedata.normalize("NFKD", name.casefold()) if char.isalnum()
    )


def _parse_optional(field: str, value: str | None, max_length: int = MAX_LENGTH) -> str | None:
    """Normalize a line of text. An empty one counts as none. Raises: ValueError."""
    if value is None or not text.normalize(value):
        return None
    return text.parse_line(field, value, max_length)
