"""The fields of products: what each accepts, and its one form."""

import unicodedata
from datetime import UTC, datetime
from decimal import Decimal

from chalicelib.products import product_ids
from common import ids, money, text

MAX_NAME_LENGTH = 200
_MAX_SKU_LENGTH = 100
_MAX_DESCRIPTION_LENGTH = 5000
_MAX_SLUG_LENGTH = 50
_MAX_SLUG_TEXT_LENGTH = 200  # with what the slug leaves out
_MAX_OPTION_LENGTH = 50


def parse_name(name: str) -> str:
    """Normalize a name. Raises: ValueError."""
    return text.parse_line("name", name, MAX_NAME_LENGTH)


def parse_sku(sku: str) -> str:
    """Normalize a SKU of any printable characters. Raises: ValueError."""
    return text.parse_line("sku", sku, _MAX_SKU_LENGTH)


def parse_description(description: str) -> str:
    """Normalize a description. Raises: ValueError."""
    return text.parse_paragraphs("description", description, _MAX_DESCRIPTION_LENGTH)


def parse_category(category: str) -> str:
    """Return the category as a slug: `Health & Beauty` is `health-beauty`."""
    return parse_slug("category", category)


def parse_slug(field: str, name: str, max_length: int = _MAX_SLUG_LENGTH) -> str:
    """Return the slug of a name in any script.

    Raises: ValueError with the field's name.
    """
    slug = _slug(text.parse_line(field, name, max(_MAX_SLUG_TEXT_LENGTH, max_length)).lower())
    if not 0 < text.length(slug) <= max_length:
        raise ValueError(f"{field}: expected 1 to {max_length} letters, digits and hyphens")
    return slug


def parse_option(field: str, option: str) -> str:
    """Normalize the name or the value of an option. Raises: ValueError."""
    return text.parse_line(field, option, _MAX_OPTION_LENGTH)


def parse_currency(code: str) -> str:
    """Return the ISO 4217 code in capitals. Raises: ValueError."""
    try:
        return money.validate_currency(code)
    except money.InvalidAmount as exc:
        raise ValueError(str(exc)) from None


def parse_amount(field: str, amount: Decimal, currency: str) -> int:
    """Return the amount in minor units. Raises: ValueError with the field's name."""
    try:
        return money.minor(amount, currency)
    except money.InvalidAmount as exc:
        raise ValueError(f"{field}: {exc}") from None


def price_minor(amount: Decimal, currency: str, field: str = "price") -> int:
    """Return a price in minor units. Raises: InvalidAmount with the field's name."""
    try:
        price = money.minor(amount, currency)
    except money.InvalidAmount as exc:
        raise money.InvalidAmount(f"{field}: {exc}") from None
    if price == 0:
        raise money.InvalidAmount(f"{field}: expected more than 0")
    return price


def parse_product_ids(field: str, product_ids_given: list[str]) -> list[str]:
    """Normalize ids of products and parents, each once. Raises: ValueError."""
    try:
        return list(dict.fromkeys(product_ids.parse(one) for one in product_ids_given))
    except ids.InvalidId as exc:
        raise ValueError(f"{field}: {exc}") from None


def timestamp(moment: datetime | None) -> str | None:
    """Return the moment as in tables: UTC, milliseconds, `Z`."""
    if moment is None:
        return None
    utc = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return utc.replace("+00:00", "Z")


def _slug(name: str) -> str:
    """Join the words of any script by hyphens. Marks belong to the letter before them."""
    words = [""]
    for char in name:
        kind = unicodedata.category(char)[0]
        if kind in "LN" or (words[-1] and (kind == "M" or char in text.JOINERS)):
            words[-1] += char
        elif words[-1]:
            words.append("")
    return text.normalize("-".join(word for word in words if word))
