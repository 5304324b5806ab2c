"""Documents of the index, made of products with their variants and stock."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from chalicelib.categories.models import TREE, Category
from chalicelib.inventory.models import Stock
from chalicelib.products import fields, product_ids, views
from chalicelib.products.attributes import AttributeType
from chalicelib.products.models import Product
from chalicelib.products.statuses import ACTIVE

_CARDS = msgspec.json.Encoder(decimal_format="number")
_MAX_KEYS = 100  # of one BatchGetItem


@dataclass(frozen=True)
class AttributeRecord:
    """An attribute, or an option of a variant, that products are filtered by."""

    key: str
    name: str
    type: str
    value: str
    label: str | None = None


@dataclass(frozen=True)
class CategoryRecord:
    """A category of the tree."""

    slug: str
    name: str
    parent: str | None


@dataclass(frozen=True)
class Document:
    """A product or a parent as it is found and shown."""

    product_id: str
    status: str
    name: str
    keywords: str
    description: str
    currency: str
    price_minor: int
    available: int
    sold: int
    created_at: str
    categories: tuple[str, ...]
    attributes: tuple[AttributeRecord, ...]
    card: str  # the JSON of a ManagedProduct

    @property
    def indexed_texts(self) -> tuple[str, str, str]:
        """What full text finds, the most telling first."""
        return self.name, self.keywords, self.description

    @property
    def texts(self) -> str:
        """A digest of the texts: words are indexed again only if it changes."""
        return hashlib.sha256(json.dumps(self.indexed_texts).encode()).hexdigest()


def load(keys: Iterable[str]) -> list[Document]:
    """Load the documents that products, variants and parents belong to.

    Strongly consistent. Keys of other rows, and of products that do not exist, are left out.
    """
    matches = _get_products(key for key in keys if product_ids.is_listed_kind(key))
    roots = {product.parent_id or product.product_id for product in matches.values()}
    matches.update(_get_products(roots - matches.keys()))
    return build([matches[key] for key in sorted(roots) if key in matches])


def load_all() -> Iterator[Document]:
    """Load every document, from a scan of the whole catalogue."""
    chunk: list[Product] = []
    scan = Product.scan(
        Product.name.exists() & Product.parent_id.does_not_exist(), consistent_read=True
    )
    for product in scan:
        chunk.append(product)
        if len(chunk) == _MAX_KEYS:
            yield from build(chunk)
            chunk = []
    yield from build(chunk)


def load_categories() -> list[CategoryRecord]:
    """Load the tree of categories."""
    rows = Category.query(TREE, Category.slug > "#", consistent_read=True)
    return [CategoryRecord(row.slug, row.name, row.parent) for row in rows]


def build(roots: list[Product]) -> list[Document]:
    """Build the documents of products that are no variants."""
    sold_ids = {root.product_id: _sold_ids(root) for root in roots}
    every = [key for keys in sold_ids.values() for key in keys]
    variants = _get_products(key for key in every if key not in sold_ids)
    stocks = _get_stocks(every)
    return [
        _document(
            root,
            [variants[key] for key in sold_ids[root.product_id] if key in variants],
            [stocks[key] for key in sold_ids[root.product_id] if key in stocks],
        )
        for root in roots
    ]


def _sold_ids(root: Product) -> list[str]:
    if not views.is_parent(root):
        return [root.product_id]
    return [row.product_id for row in views.unarchived(root)]


def _document(root: Product, variants: list[Product], stocks: list[Stock]) -> Document:
    shown = views.managed_product(root, views.product_with_stock(root, stocks))
    is_empty = views.is_parent(root) and not variants
    return Document(
        product_id=root.product_id,
        status="EMPTY" if is_empty and root.status == ACTIVE else root.status,
        name=root.name,
        keywords=_keywords(root, variants),
        description=root.description,
        currency=root.currency,
        price_minor=root.price_minor,
        available=shown.available_stock,
        sold=sum(stock.sold for stock in stocks),
        created_at=root.created_at,
        categories=tuple(dict.fromkeys((root.category, *(root.categories or ())))),
        attributes=tuple(_attributes(root, variants)),
        card=_CARDS.encode(shown).decode(),
    )


def _keywords(root: Product, variants: list[Product]) -> str:
    skus = [one.sku for one in (root, *variants) if one.sku]
    values = [option.value for one in variants for option in one.options or ()]
    texts = [
        row.label or row.value
        for row in root.attributes or ()
        if row.type in (AttributeType.TEXT, AttributeType.COLOUR)
    ]
    categories = [root.category, *(root.categories or ())]
    return " ".join(dict.fromkeys((*skus, *values, *texts, *categories)))


def _attributes(root: Product, variants: list[Product]) -> Iterator[AttributeRecord]:
    for row in root.attributes or ():
        yield AttributeRecord(row.key, row.name, row.type, row.value, row.label)
    for option in (option for one in variants for option in one.options or ()):
        key = fields.parse_slug("options", option.name)
        yield AttributeRecord(key, option.name, AttributeType.TEXT, option.value)


def _get_products(keys: Iterable[str]) -> dict[str, Product]:
    matches = Product.batch_get(list(dict.fromkeys(keys)), consistent_read=True)
    return {product.product_id: product for product in matches}


def _get_stocks(keys: list[str]) -> dict[str, Stock]:
    matches = Stock.batch_get(list(dict.fromkeys(keys)), consistent_read=True)
    return {stock.product_id: stock for stock in matches}
