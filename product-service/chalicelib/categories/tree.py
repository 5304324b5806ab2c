"""The tree of categories: no cycles, bounded in depth and number."""

from collections.abc import Iterator

from chalicelib.categories.errors import CategoryTreeInvalid
from chalicelib.categories.models import TREE, Category, TreeVersion, is_category
from chalicelib.categories.schemas import CategoryTree
from common import dynamodb, transactions

MAX_DEPTH = 5
MAX_CATEGORIES = 500


class Tree:
    """All categories at one version."""

    def __init__(self, categories: dict[str, Category], version: int | None) -> None:
        self.categories = categories
        self._version = version

    @classmethod
    def read(cls) -> "Tree":
        """Read the tree. The version comes first: it is the older one if they differ."""
        version = dynamodb.find(TreeVersion, TREE, TreeVersion().slug)
        rows = Category.query(TREE, Category.slug > "#", consistent_read=True)
        categories = {row.slug: row for row in rows if is_category(row.slug)}
        return cls(categories, version.version if version else None)

    def write(self, operation: transactions.Operation) -> bool:
        """Write a change, and count it. False if the tree changed since it was read."""
        attribute = TreeVersion.version
        unchanged = (
            attribute.does_not_exist() if self._version is None else attribute == self._version
        )
        try:
            transactions.write(
                transactions.update(TreeVersion(), [attribute.add(1)], unchanged), operation
            )
        except (transactions.TransactionCancelled, transactions.TransactionContended):
            return False
        return True

    def validate_addition(self, category: Category) -> None:
        """Raise CategoryTreeInvalid if there is no room for another category."""
        if len(self.categories) >= MAX_CATEGORIES:
            raise CategoryTreeInvalid(f"expected at most {MAX_CATEGORIES} categories")
        self.validate_place(category)

    def validate_place(self, category: Category) -> None:
        """Raise CategoryTreeInvalid if the category cannot stand under its parent."""
        if category.parent is not None and category.parent not in self.categories:
            raise CategoryTreeInvalid(f"parent: there is no category {category.parent}")
        above = 0
        for ancestor in self._ancestors(category):
            above += 1
            if ancestor.slug == category.slug:
                raise CategoryTreeInvalid(f"parent: {category.parent} is under {category.slug}")
        if above + self._height(category.slug) > MAX_DEPTH:
            raise CategoryTreeInvalid(f"parent: expected at most {MAX_DEPTH} levels")

    def children(self, slug: str | None) -> list[Category]:
        """The categories right under one, or at the top, by position and name."""
        matches = [one for one in self.categories.values() if one.parent == slug]
        return sorted(matches, key=lambda one: (one.position, one.name, one.slug))

    def nested(self, slug: str | None = None) -> list[CategoryTree]:
        """What is under a category, or the whole tree."""
        return [
            CategoryTree(
                slug=one.slug,
                name=one.name,
                parent=one.parent,
                position=one.position,
                children=self.nested(one.slug),
            )
            for one in self.children(slug)
        ]

    def _ancestors(self, category: Category) -> Iterator[Category]:
        """What is above a category. Ends at the category itself, if that is above it."""
        parent: str | None = category.parent
        while parent is not None:
            ancestor = self.categories[parent]
            yield ancestor
            parent = None if ancestor.slug == category.slug else ancestor.parent

    def _height(self, slug: str) -> int:
        return 1 + max((self._height(child.slug) for child in self.children(slug)), default=0)
