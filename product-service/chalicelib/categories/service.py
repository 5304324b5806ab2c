"""The verbs of the tree of categories."""

from collections.abc import Callable
from urllib.parse import unquote

from msgspec import UNSET

from chalicelib.categories.errors import (
    CategoriesContended,
    CategoryExists,
    CategoryInUse,
    CategoryNotFound,
)
from chalicelib.categories.models import Category
from chalicelib.categories.schemas import CategoryPatch, CategoryTree, CategoryView, NewCategory
from chalicelib.categories.tree import Tree
from chalicelib.products import fields
from common import clock, transactions
from common.retry import RetryPolicy

_CONFLICT_RETRIES = RetryPolicy(tries=5, pause_seconds=0.02)

Change = Callable[[Tree], tuple[Category, transactions.Operation | None]]


def list_categories() -> list[CategoryTree]:
    """Return the whole tree, by position and name."""
    return Tree.read().nested()


def create_category(request: NewCategory) -> CategoryView:
    """Create a category. Idempotent by its slug. Undone by `delete_category`.

    Raises: CategoryExists, CategoryTreeInvalid, CategoriesContended.
    """

    def create(tree: Tree) -> tuple[Category, transactions.Operation | None]:
        category = Category(
            slug=request.slug,
            name=request.name,
            parent=request.parent,
            position=request.position,
            updated_at=clock.now(),
        )
        stored = tree.categories.get(category.slug)
        if stored is not None:
            if _view(stored) != _view(category):
                raise CategoryExists(f"slug: {category.slug} is there already")
            return stored, None
        tree.validate_addition(category)
        return category, transactions.put(category)

    return _change(create)


def change_category(slug: str, request: CategoryPatch) -> CategoryView:
    """Rename or move a category. Idempotent. Undone by another change.

    Raises: CategoryNotFound, CategoryTreeInvalid, CategoriesContended.
    """

    def change(tree: Tree) -> tuple[Category, transactions.Operation | None]:
        category = _get(tree, slug)
        if request.name is not UNSET:
            category.name = request.name
        if request.position is not UNSET:
            category.position = request.position
        if request.parent is not UNSET:
            category.parent = request.parent
            tree.validate_place(category)
        category.updated_at = clock.now()
        return category, transactions.put(category)

    return _change(change)


def delete_category(slug: str, count_products: Callable[[str], int]) -> None:
    """Delete a category that neither categories nor products stand in.

    Raises: CategoryNotFound, CategoryInUse, CategoriesContended.
    """

    def delete(tree: Tree) -> tuple[Category, transactions.Operation | None]:
        category = _get(tree, slug)
        if children := tree.children(category.slug):
            raise CategoryInUse(f"{category.slug}: {children[0].slug} is under it")
        if count := count_products(category.slug):
            raise CategoryInUse(f"{category.slug}: {count} products are in it")
        return category, transactions.delete(category)

    _change(delete)


def _change(change: Change) -> CategoryView:
    """Write what `change` makes of the tree, if that is still as read."""
    for _ in _CONFLICT_RETRIES.attempts():
        tree = Tree.read()
        category, operation = change(tree)
        if operation is None or tree.write(operation):
            return _view(category)
    raise CategoriesContended("the categories kept changing; try again in a moment")


def _get(tree: Tree, slug: str) -> Category:
    try:
        return tree.categories[fields.parse_slug("category", unquote(slug))]
    except (KeyError, ValueError):
        raise CategoryNotFound(f"there is no category {slug[:100]}") from None


def _view(category: Category) -> CategoryView:
    return CategoryView(
        slug=category.slug,
        name=category.name,
        parent=category.parent,
        position=category.position,
    )
