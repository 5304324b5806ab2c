"""Queries and fields that all these tables share."""

import re
from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from common import money, text
from common.schemas import Schema

MAX_NAME_LENGTH = 100
_TAX_CLASS = re.compile(r"[a-z][a-z0-9-]{0,29}")

TaxClass = Annotated[str, Meta(description="Such as `standard` or `reduced`.")]


class PageQuery(Schema):
    """Which page of a list."""

    limit: Annotated[int, Meta(ge=1, le=100, description="Rows per page.")] = 50
    cursor: Annotated[str | None, Meta(description="The `X-Next-Cursor` of the page before.")] = (
        None
    )


def parse_name(name: str) -> str:
    """Normalize a name. Raises: ValueError."""
    return text.parse_line("name", name, MAX_NAME_LENGTH)


def parse_currency(currency: str) -> str:
    """Return the code in capitals. Raises: ValueError."""
    try:
        return money.validate_currency(currency)
    except money.InvalidAmount as exc:
        raise ValueError(str(exc)) from None


def parse_amount(field: str, amount: Decimal, currency: str) -> int:
    """Return the amount in minor units. Raises: ValueError with the field's name."""
    try:
        return money.minor(amount, currency)
    except money.InvalidAmount as exc:
        raise ValueError(f"{field}: {exc}") from None


def parse_tax_class(field: str, tax_class: str) -> str:
    """Return the tax class. Raises: ValueError."""
    if not _TAX_CLASS.fullmatch(tax_class):
        raise ValueError(f"{field}: expected lower-case letters, digits and dashes, at most 30")
    return tax_class


def parse_millionths(field: str, percent: Decimal) -> int:
    """Return a percentage in millionths: 8.875 is 88,750. Raises: ValueError."""
    if not percent.is_finite() or not 0 <= percent <= 100 or percent.as_tuple().exponent < -4:  # type: ignore[operator]
        raise ValueError(f"{field}: expected 0 to 100, with at most four decimals")
    return int(percent * 10_000)
