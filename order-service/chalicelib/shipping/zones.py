"""Where shipping methods ship to."""

import re
from typing import Annotated

import msgspec
from msgspec import Meta

from common.addresses import find_rules
from common.schemas import Schema

_POSTAL_CODE = re.compile(r"[A-Z0-9]{1,10}")


class PostalCodes(Schema):
    """A range of postal codes by how they begin: `10` to `19`, or `SW1` to `SW9`."""

    first: str = msgspec.field(name="from")
    last: str = msgspec.field(name="to")

    def __post_init__(self) -> None:
        self.first, self.last = normalize_postal_code(self.first), normalize_postal_code(self.last)
        if not _POSTAL_CODE.fullmatch(self.first) or len(self.first) != len(self.last):
            raise ValueError("postalCodes: expected from and to of the same length, at most 10")
        if self.last < self.first:
            raise ValueError("postalCodes: expected to at or after from")


class Zone(Schema):
    """Where a method ships to: countries, or a part of one."""

    countries: Annotated[list[str], Meta(min_length=1, max_length=250)]
    regions: Annotated[list[str], Meta(max_length=100)] = []
    postal_codes: Annotated[list[PostalCodes], Meta(max_length=100)] = []

    def __post_init__(self) -> None:
        rules = [find_rules(country) for country in self.countries]
        self.countries = [one.country for one in rules]
        self.regions = [rules[0].parse_region(region) for region in self.regions]
        if (self.regions or self.postal_codes) and len(self.countries) > 1:
            raise ValueError("countries: expected one where regions or postalCodes are named")


def normalize_postal_code(code: str) -> str:
    """Return a postal code as it is compared: capitals, without spaces and dashes."""
    return code.upper().replace(" ", "").replace("-", "")
