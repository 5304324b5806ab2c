"""The statuses of a product."""

from enum import StrEnum


class ProductStatus(StrEnum):
    """Whether a product is on sale."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    ARCHIVED = "ARCHIVED"


DRAFT = ProductStatus.DRAFT
ACTIVE = ProductStatus.ACTIVE
ARCHIVED = ProductStatus.ARCHIVED
