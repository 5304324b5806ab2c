"""Attributes of a product: a name, a type, and a value of that type."""

import re
from enum import StrEnum
from typing import Annotated

from msgspec import Meta

from chalicelib.products import fields
from common import text
from common.schemas import Schema

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_MAX_NUMBER = 1e12
_MAX_VALUE_LENGTH = 200


class AttributeType(StrEnum):
    """What the value of an attribute is."""

    TEXT = "TEXT"
    NUMBER = "NUMBER"
    YES_NO = "YES_NO"
    COLOUR = "COLOUR"


class Attribute(Schema, kw_only=True):
    """A property of a product that customers can filter by."""

    name: Annotated[str, Meta(description="At most 50 characters, once in a product.")]
    type: AttributeType = AttributeType.TEXT
    value: Annotated[
        str | bool | float,
        Meta(description="A text, a number, true or false, or a colour as `#rrggbb`."),
    ]
    label: Annotated[str | None, Meta(description="The name of a colour.")] = None

    def __post_init__(self) -> None:
        self.name = fields.parse_option("attributes", self.name)
        fields.parse_slug("attributes", self.name)
        self.value = _parse_value(self.name, self.type, self.value)
        if self.label is not None:
            self.label = fields.parse_option("attributes", self.label)

    @property
    def key(self) -> str:
        """The name as filters spell it: `attr.<key>`."""
        return fields.parse_slug("attributes", self.name)

    @property
    def stored_value(self) -> str:
        """The value as one text: `oak`, `12.5`, `true`, `#aa3322`."""
        return format_value(self.value)


Attributes = Annotated[list[Attribute], Meta(max_length=50)]


def validate_names(attributes: list[Attribute]) -> None:
    """Raise ValueError if two attributes have the same name."""
    keys = [attribute.key for attribute in attributes]
    if repeated := sorted({key for key in keys if keys.count(key) > 1}):
        raise ValueError(f"attributes: {repeated[0]} is there twice; expected each name once")


def format_value(value: str | bool | float) -> str:
    """Return the value as one text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else f"{value:.12g}"


def read_value(kind: AttributeType, stored: str) -> str | bool | float:
    """Return the value of a stored text."""
    if kind is AttributeType.YES_NO:
        return stored == "true"
    if kind is AttributeType.NUMBER:
        number = float(stored)
        return int(number) if number.is_integer() else number
    return stored


def _parse_value(name: str, kind: AttributeType, value: str | bool | float) -> str | bool | float:
    if kind is AttributeType.YES_NO and isinstance(value, bool):
        return value
    if kind is AttributeType.NUMBER and _is_number(value):
        return value
    if kind is AttributeType.COLOUR and isinstance(value, str) and _COLOUR.fullmatch(value):
        return value.lower()
    if kind is AttributeType.TEXT and isinstance(value, str):
        return text.parse_line("attributes", value, _MAX_VALUE_LENGTH)
    raise ValueError(f"attributes: {name}: expected a value of the type {kind}")


def _is_number(value: str | bool | float) -> bool:
    if isinstance(value, str | bool):
        return False
    return abs(value) <= _MAX_NUMBER
