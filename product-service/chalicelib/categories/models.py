"""The table Categories: the tree of categories, one partition."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb
from common.dynamodb import WholeNumber

TREE = "CATEGORIES"
_VERSION_KEY = "#"  # no slug: it has neither letters nor digits


class Category(Model):
    """A category, under another one or at the top."""

    class Meta(dynamodb.Meta):
        table_name = "Categories"

    tree = UnicodeAttribute(hash_key=True, default=TREE)
    slug = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    parent = UnicodeAttribute(null=True)
    position = WholeNumber(default=0)
    updated_at = UnicodeAttribute(attr_name="updatedAt")


class TreeVersion(Model):
    """Counts the changes of the tree: each is conditional on the tree that was read."""

    class Meta(dynamodb.Meta):
        table_name = "Categories"

    tree = UnicodeAttribute(hash_key=True, default=TREE)
    slug = UnicodeAttribute(range_key=True, default=_VERSION_KEY)
    version = WholeNumber(default=0)


def is_category(slug: str) -> bool:
    """Whether a key of the table is that of a category."""
    return slug != _VERSION_KEY
