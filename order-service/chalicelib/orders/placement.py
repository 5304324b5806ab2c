"""Place orders: price the goods, and store them within the limits."""

from collections.abc import Mapping, Sequence

from chalice import ChaliceViewError

from chalicelib.orders import (
    address_book,
    customer_orders,
    lookups,
    metrics,
    offers,
    order_numbers,
    payment_limits,
    pricing,
    quotations,
    readmodels,
)
from chalicelib.orders.errors import AccountGone, IdempotencyKeyReused
from chalicelib.orders.models import Order, day_shard
from chalicelib.orders.schemas import PaymentTerms, ProductQuantity, ValidateOrder
from chalicelib.promotions.uses import Limits
from chalicelib.quotes import service as quotes
from common import clock, ids, log
from common.batch_reads import BatchReader


def place_order(
    order_id: str,
    user_id: str,
    lines: Sequence[ProductQuantity],
    terms: PaymentTerms,
    request_hash: str | None,
    reader: BatchReader,
) -> Order:
    """Price and store an order. Publishes OrderCreated by the table's stream.

    Idempotent: an order that is stored under this id is returned as it is. A concurrent equal
    request may place it after the first look, and its saga reserve the last pieces: a rejection
    stands only if there is still no order.

    Raises: AccountGone, IdempotencyKeyReused, and what `address_book.fill_in`,
    `quotations.quote_for`, `payment_limits.require_payable` and `customer_orders.store` raise.
    """
    _read_inputs(order_id, user_id, lines, terms, reader)
    order = reader.find(lookups.key(order_id))
    if order is None:
        _require_account(user_id, reader)
        try:
            terms = address_book.fill_in(terms, user_id, reader)
            _read_named(user_id, lines, terms, reader)
            order, limits = _priced_order(order_id, user_id, lines, terms, request_hash, reader)
            _note_cart_items(order, terms)
            order = _store(order, limits, isinstance(terms, ValidateOrder), reader)
        except ChaliceViewError:
            order = lookups.find(order_id)
            if order is None:
                raise
    is_other_body = request_hash is not None and request_hash != order.request_hash
    if is_other_body or order.user_id != user_id:
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
    return order


def _read_inputs(
    order_id: str,
    user_id: str,
    lines: Sequence[ProductQuantity],
    terms: PaymentTerms,
    reader: BatchReader,
) -> None:
    """Read with one request what the request names."""
    product_ids = pricing.known_ids(lines)
    reader.read(
        lookups.key(order_id),
        readmodels.tombstone_key(user_id),
        customer_orders.key(user_id),
        *readmodels.product_keys(product_ids),
        *readmodels.stock_keys(product_ids),
        *readmodels.cart_keys(user_id, product_ids),
        *address_book.keys(terms.address_id, user_id),
        *quotes.coupon_keys(terms, user_id),
    )


def _read_named(
    user_id: str, lines: Sequence[ProductQuantity], terms: PaymentTerms, reader: BatchReader
) -> None:
    """Read with one request what that names: earlier orders and tax rates."""
    products = reader.find_all(readmodels.product_keys(pricing.known_ids(lines)))
    reader.read(
        *customer_orders.recent_keys(user_id, reader),
        *quotes.tax_keys(terms, [product.tax_class for product in products]),
    )


def _require_account(user_id: str, reader: BatchReader) -> None:
    """Raises: AccountGone, as an access token outlives its account."""
    if readmodels.was_deleted(reader, user_id):
        raise AccountGone("the account was deleted")


def _priced_order(
    order_id: str,
    user_id: str,
    lines: Sequence[ProductQuantity],
    terms: PaymentTerms,
    request_hash: str | None,
    reader: BatchReader,
) -> tuple[Order, dict[str, Limits]]:
    quote = quotations.quote_for(user_id, lines, terms, reader)
    payment_limits.require_payable(quote.total_minor, quote.currency, terms.method)
    if terms.expected_total is None:
        ordered = [line.product_id for line in quote.lines]
        pricing.require_shown_total(quote, readmodels.shown_prices(reader, user_id, ordered))
    now = clock.now()
    order = Order(
        order_id,
        user_id=user_id,
        lines=quote.lines,
        total_minor=quote.total_minor,
        currency=quote.currency,
        method=terms.method,
        payment_method=terms.payment_method,
        correlation_id=log.correlation_id(),
        request_hash=request_hash,
        created_at=now,
        updated_at=now,
        placed_on=day_shard(order_id, now),
        order_number=order_numbers.create_number(order_id, now),
        pay_by=offers.end_of(now),
    )
    quotations.copy_price(order, quote, terms)
    return order, quotations.find_limits(quote, user_id)


def _note_cart_items(order: Order, terms: PaymentTerms) -> None:
    """Note from which items of the cart the lines were taken, for ClearCart."""
    taken = terms.items or [] if isinstance(terms, ValidateOrder) else []
    added_at = {ids.parse("PROD", item.product_id): item.added_at for item in taken}
    for line in order.lines:
        line.added_at = added_at.get(line.product_id)


def _store(
    order: Order, limits: Mapping[str, Limits], from_cart: bool, reader: BatchReader
) -> Order:
    """Store the order within the limits, or return the stored one of its id.

    Raises: CouponOver, and what `customer_orders.store` raises.
    """
    log.bind_context(order)
    if not customer_orders.store(order, limits, from_cart, reader):
        return lookups.get(order.order_id)
    metrics.count_stored(order)
    return order
