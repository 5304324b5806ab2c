"""Quote an order to anybody, and write the parts of its price into an order."""

from chalicelib.orders import address_book, lookups, pricing, readmodels
from chalicelib.orders.addresses import AddressMap, address_fields
from chalicelib.orders.errors import ShippingAddressRequired
from chalicelib.orders.models import Order, OrderPromotion, OrderShipping
from chalicelib.orders.pricing import Quote
from chalicelib.orders.schemas import PaymentTerms, QuoteOrder
from chalicelib.promotions import uses
from chalicelib.promotions.uses import Limits
from chalicelib.quotes import service as quotes
from chalicelib.quotes.calculation import PricedLine
from chalicelib.quotes.schemas import (
    AppliedPromotion,
    PriceTerms,
    QuotedLine,
    QuoteView,
    ShippingOption,
)
from chalicelib.quotes.service import Customer, Quoted
from chalicelib.shipping.errors import ShippingMethodNotAvailable
from common import ids, money, settings
from common.addresses import Address
from common.batch_reads import BatchReader

# A coupon of a first order is quoted to strangers: the order itself is what decides.
_STRANGER = Customer(None, lambda: True)


def quote_order(request: QuoteOrder, user_id: str | None) -> QuoteView:
    """Return what an order would cost now, and how it can be shipped.

    `user_id` is whose address book has the request's `address_id`, if it has one.
    Reserves nothing.

    Raises: as `pricing.quote` and `address_book.fill_in`.
    """
    reader = BatchReader()
    if user_id is not None:
        product_ids = pricing.known_ids(request.cart_items)
        reader.read(
            *address_book.keys(request.address_id, user_id),
            *readmodels.product_keys(product_ids),
            *readmodels.stock_keys(product_ids),
            *quotes.coupon_keys(request, None),
        )
        request = address_book.fill_in(request, user_id, reader)
    quote = pricing.quote(request.cart_items, request, _STRANGER, None, reader)
    price, currency = quote.quoted.price, quote.currency
    names = {line.product_id: line.name for line in quote.lines}
    priced = {line.good.product_id: line for line in price.lines}
    return QuoteView(
        lines=[_line(priced[name], names[name], currency) for name in names],
        subtotal=money.decimal(price.subtotal, currency),
        discount_total=money.decimal(price.discount_total, currency),
        shipping_total=money.decimal(price.shipping_total, currency),
        tax_total=money.decimal(price.tax_total, currency),
        total_amount=money.decimal(price.total, currency),
        currency=currency,
        tax_included=price.is_tax_included,
        promotions=[
            AppliedPromotion(promotion_id=row.id, name=row.name, code=row.code)
            for row in quote.quoted.promotions
        ],
        shipping_methods=_options(quote.quoted, currency),
        shipping_method_id=quote.quoted.method.id if quote.quoted.method else None,
    )


def quote_for(
    user_id: str, order_lines: pricing.Lines, terms: PaymentTerms, reader: BatchReader
) -> Quote:
    """Return the price of an order of this customer.

    Raises: as `pricing.quote`, ShippingMethodNotAvailable if none serves the address, and
    ShippingAddressRequired where the stage has REQUIRE_SHIPPING_ADDRESS.
    """
    _require_address(terms)
    customer = Customer(user_id, lambda: not lookups.has_orders(user_id), ids.is_guest(user_id))
    quote = pricing.quote(order_lines, terms, customer, terms.expected_total, reader)
    if terms.shipping_address is not None and quote.quoted.method is None:
        raise ShippingMethodNotAvailable(
            "shippingAddress: no shipping method serves this address and these goods"
        )
    return quote


def copy_price(order: Order, quote: Quote, terms: PaymentTerms) -> None:
    """Write the parts of the price, the addresses and the method into a new order."""
    price = quote.quoted.price
    order.subtotal_minor, order.discount_minor = price.subtotal, price.discount_total
    order.tax_minor, order.tax_included = price.tax_total, price.is_tax_included
    order.shipping = _shipping(quote.quoted)
    order.shipping_address = _address(terms.shipping_address)
    order.billing_address = _address(terms.billing_address)
    limits = find_limits(quote, order.user_id)
    order.promotions = [
        OrderPromotion(
            promotion_id=row.id,
            name=row.name,
            code=row.code,
            counted_for=list(limits.get(row.id, {})),
        )
        for row in quote.quoted.promotions
    ] or None


def find_limits(quote: Quote, user_id: str) -> dict[str, Limits]:
    """Return the limits of the order's coupons, by promotion."""
    return {row.id: uses.find_limits(row, user_id) for row in quote.quoted.promotions if row.code}


def _require_address(terms: PriceTerms) -> None:
    if terms.shipping_address is None and settings.text("REQUIRE_SHIPPING_ADDRESS", "no") == "yes":
        raise ShippingAddressRequired("shippingAddress: expected where goods are shipped to")


def _line(line: PricedLine, name: str, currency: str) -> QuotedLine:
    return QuotedLine(
        product_id=line.good.product_id,
        name=name,
        qty=line.good.qty,
        price=money.decimal(line.good.unit_price, currency),
        line_total=money.decimal(line.list_total, currency),
        discount=money.decimal(line.discount, currency),
        tax=money.decimal(line.taxed.tax, currency),
        tax_name=line.taxed.rate.name,
        tax_included=line.taxed.rate.is_included,
        total=money.decimal(line.taxed.total, currency),
        tax_zero_reason=line.taxed.rate.zero_reason,
    )


def _options(quoted: Quoted, currency: str) -> list[ShippingOption]:
    return [
        ShippingOption(
            method_id=option.method.id,
            name=option.method.name,
            price=money.decimal(option.price, currency),
            min_days=option.method.min_days,
            max_days=option.method.max_days,
        )
        for option in quoted.options
    ]


def _shipping(quoted: Quoted) -> OrderShipping | None:
    method, shipping = quoted.method, quoted.price.shipping
    if method is None or shipping is None:
        return None
    return OrderShipping(
        method_id=method.id,
        name=method.name,
        min_days=method.min_days,
        max_days=method.max_days,
        price_minor=shipping.net,
        tax_minor=shipping.tax,
        tax_name=shipping.rate.name,
        total_minor=shipping.total,
    )


def _address(address: Address | None) -> AddressMap | None:
    return None if address is None else AddressMap(**address_fields(address))
