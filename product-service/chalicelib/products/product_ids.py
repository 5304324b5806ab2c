"""Ids of the catalogue: `PROD#` is sold, `PARENT#` shows variants and is not sold."""

from urllib.parse import unquote

from common import ids

PRODUCT = "PROD"
PARENT = "PARENT"


def parse(text: str) -> str:
    """Normalize the id of a product or of a parent. Raises: InvalidId."""
    is_for_parent = unquote(text).strip().startswith(f"{PARENT}#")
    return ids.parse(PARENT if is_for_parent else PRODUCT, text)


def is_parent(product_id: str) -> bool:
    """Whether the id is that of a parent."""
    return product_id.startswith(f"{PARENT}#")


def is_listed_kind(key: str) -> bool:
    """Whether a key of the table Products is that of a product or of a parent."""
    return key.startswith((f"{PRODUCT}#", f"{PARENT}#"))
