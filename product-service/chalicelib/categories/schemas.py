"""Request bodies and responses about categories."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from chalicelib.products import fields
from common import text
from common.schemas import Schema

_MAX_NAME_LENGTH = 100

Position = Annotated[
    int, Meta(ge=0, le=10_000, description="The order among those under the same parent.")
]


class NewCategory(Schema):
    """A category to be created."""

    name: str
    slug: Annotated[str | None, Meta(description="By default it follows from the name.")] = None
    parent: Annotated[str | None, Meta(description="The slug of the category above.")] = None
    position: Position = 0

    def __post_init__(self) -> None:
        self.name = text.parse_line("name", self.name, _MAX_NAME_LENGTH)
        field = "name" if self.slug is None else "slug"
        self.slug = fields.parse_slug(field, self.slug or self.name)
        if self.parent is not None:
            self.parent = fields.parse_slug("parent", self.parent)


class CategoryPatch(Schema):
    """Changes of a category. Fields that are left out stay."""

    name: str | UnsetType = UNSET
    parent: Annotated[
        str | UnsetType | None, Meta(description="null moves the category to the top.")
    ] = UNSET
    position: Position | UnsetType = UNSET

    def __post_init__(self) -> None:
        if all(value is UNSET for value in (self.name, self.parent, self.position)):
            raise ValueError("expected at least one of name, parent, position")
        if self.name is not UNSET:
            self.name = text.parse_line("name", self.name, _MAX_NAME_LENGTH)
        if isinstance(self.parent, str):
            self.parent = fields.parse_slug("parent", self.parent)


class CategoryView(Schema):
    """A category."""

    slug: str
    name: str
    parent: str | None = None
    position: int = 0


class CategoryTree(CategoryView, kw_only=True):
    """A category with all that is under it."""

    children: list["CategoryTree"] = []
