"""Read models: products, their stock, prices that carts showed, addresses."""

from collections.abc import Iterable

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.models import Model

from common import clock, dynamodb, ids
from common.batch_reads import BatchReader, Key

ACTIVE = "ACTIVE"  # the status of a product that is for sale
NEVER_SOLD_OUT = 1_000_000


class Product(Model):
    """A product, for sale or archived."""

    class Meta(dynamodb.Meta):
        table_name = "Products"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    name = UnicodeAttribute()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    currency = UnicodeAttribute()
    status = UnicodeAttribute()
    category = UnicodeAttribute(null=True)
    categories: ListAttribute[str] = ListAttribute(null=True)  # besides `category`
    tax_class = UnicodeAttribute(null=True, attr_name="taxClass")
    weight_grams = dynamodb.WholeNumber(null=True, attr_name="weightGrams")


class Stock(Model):
    """How many of a product are neither reserved nor sold, if it is counted."""

    class Meta(dynamodb.Meta):
        table_name = "Inventory"

    product_id = UnicodeAttribute(hash_key=True, attr_name="productId")
    available_stock = dynamodb.WholeNumber(attr_name="availableStock")
    not_counted = BooleanAttribute(null=True, attr_name="notCounted")


class CartItem(Model):
    """A product in a cart of cart-service."""

    class Meta(dynamodb.Meta):
        table_name = "Carts"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    product_id = UnicodeAttribute(range_key=True, attr_name="productId")
    shown_price_minor = dynamodb.WholeNumber(attr_name="shownPriceMinor", null=True)


class BookAddress(Model):
    """An address in a customer's address book."""

    class Meta(dynamodb.Meta):
        table_name = "Addresses"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    address_id = UnicodeAttribute(range_key=True, attr_name="addressId")
    name = UnicodeAttribute()
    company = UnicodeAttribute(null=True)
    line1 = UnicodeAttribute()
    line2 = UnicodeAttribute(null=True)
    city = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    postal_code = UnicodeAttribute(null=True, attr_name="postalCode")
    country = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)


class DeletedUser(Model):
    """The tombstone that user-service writes when it deletes an account."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")


def product_keys(product_ids: Iterable[str]) -> list[Key[Product]]:
    """Return the keys of the products."""
    return [Key(Product, product_id) for product_id in product_ids]


def stock_keys(product_ids: Iterable[str]) -> list[Key[Stock]]:
    """Return the keys of the products' stock."""
    return [Key(Stock, product_id) for product_id in product_ids]


def cart_keys(user_id: str, product_ids: Iterable[str]) -> list[Key[CartItem]]:
    """Return the keys of the products in the customer's cart."""
    return [Key(CartItem, user_id, product_id) for product_id in product_ids]


def tombstone_key(user_id: str) -> Key[DeletedUser]:
    """Return the key of what a deleted account leaves."""
    return Key(DeletedUser, f"DELETED#{ids.suffix(user_id)}")


def active_products(reader: BatchReader, product_ids: Iterable[str]) -> dict[str, Product]:
    """Return those of the products that are for sale, by id."""
    products = reader.find_all(product_keys(product_ids))
    return {product.product_id: product for product in products if product.status == ACTIVE}


def available_stock(reader: BatchReader, product_ids: Iterable[str]) -> dict[str, int]:
    """Return how many of each product are available, if it has a stock row.

    Of what is not counted: NEVER_SOLD_OUT.
    """
    stocks = reader.find_all(stock_keys(product_ids))
    return {
        stock.product_id: NEVER_SOLD_OUT if stock.not_counted else stock.available_stock
        for stock in stocks
    }


def shown_prices(reader: BatchReader, user_id: str, product_ids: Iterable[str]) -> dict[str, int]:
    """Return the prices that the customer's cart last showed, by product."""
    return {
        item.product_id: item.shown_price_minor
        for item in reader.find_all(cart_keys(user_id, product_ids))
        if item.shown_price_minor is not None
    }


def was_deleted(reader: BatchReader, user_id: str) -> bool:
    """Tell whether the account was deleted."""
    return reader.find(tombstone_key(user_id)) is not None


class EmailClaim(Model):
    """Which account has an address. It ends with one that is not proved."""

    class Meta(dynamodb.Meta):
        table_name = "Users"

    key = UnicodeAttribute(hash_key=True, attr_name="userId")
    owner_id = UnicodeAttribute(attr_name="ownerId")
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt", null=True)


def find_user_id(email: str) -> str | None:
    """Return whose account has this address in any case, None if nobody's."""
    claim = dynamodb.find(EmailClaim, f"EMAIL#{email.strip().lower()}")
    has_ended = claim and claim.expires_at is not None and claim.expires_at <= clock.epoch()
    return None if claim is None or has_ended else claim.owner_id
