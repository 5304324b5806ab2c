"""Read model of order-service's table Orders: only what is used here."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum

from pynamodb.attributes import BooleanAttribute, ListAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model
from pynamodb.pagination import ResultIterator

from common import clock, dynamodb, ids
from common.batch_reads import Key
from common.pages import PAGE_LIMIT, Page, decode_cursor, encode_cursor

# Both are order-service's.
DAY_SHARDS = 8  # of the index by-day
OFFER_SECONDS = 1800  # for rows without `payBy`


class OrderStatus(StrEnum):
    """CREATED, then CONFIRMED and perhaps refunded, or FAILED, CANCELLED, EXPIRED.

    CANCELLING is paid, not to be shipped, and being refunded.
    """

    CREATED = "CREATED"
    CONFIRMED = "CONFIRMED"
    PARTLY_REFUNDED = "PARTLY_REFUNDED"
    CANCELLING = "CANCELLING"
    REFUNDED = "REFUNDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"


class RefundStatus(StrEnum):
    """REQUESTED, then DONE once the money is back, or FAILED."""

    REQUESTED = "REQUESTED"
    DONE = "DONE"
    FAILED = "FAILED"


PAID_STATUSES = frozenset(
    {
        OrderStatus.CONFIRMED,
        OrderStatus.PARTLY_REFUNDED,
        OrderStatus.CANCELLING,
        OrderStatus.REFUNDED,
    }
)
PAYABLE_OR_PAID = frozenset({OrderStatus.CREATED, OrderStatus.CONFIRMED})
UNPAID_END_STATUSES = frozenset({OrderStatus.FAILED, OrderStatus.CANCELLED, OrderStatus.EXPIRED})


class OrderLine(dynamodb.Map):
    """One product of an order, at the price that was agreed."""

    product_id = UnicodeAttribute(attr_name="productId")
    name = UnicodeAttribute(null=True)
    qty = dynamodb.WholeNumber()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor", null=True)
    line_total_minor = dynamodb.WholeNumber(attr_name="lineTotalMinor", null=True)


class OrderShipping(dynamodb.Map):
    """How it is shipped, its price, and the total with tax that is added."""

    name = UnicodeAttribute()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")


class OrderRefund(dynamodb.Map):
    """One refund of a confirmed order."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    restock = BooleanAttribute(default=True)
    restock_lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="restockItems", null=True)
    cancels_order = BooleanAttribute(attr_name="cancelsOrder", default=False)
    status = UnicodeAttribute()
    attempt = dynamodb.WholeNumber(default=1)
    requested_at = UnicodeAttribute(attr_name="requestedAt")

    @property
    def lines_to_restock(self) -> list[OrderLine]:
        """The goods to restock: of a return those that can be sold again."""
        return list(self.restock_lines or self.lines)

    @property
    def is_failed(self) -> bool:
        """Whether the gateway did not make it."""
        return self.status == RefundStatus.FAILED

    @property
    def is_done(self) -> bool:
        """Whether the money is back."""
        return self.status == RefundStatus.DONE


class OrderDispute(dynamodb.Map):
    """A dispute of the order's charge."""

    dispute_id = UnicodeAttribute(attr_name="disputeId")
    status = UnicodeAttribute()


class OrderShipment(dynamodb.Map):
    """A parcel with goods of the order."""

    shipment_id = UnicodeAttribute(attr_name="shipmentId", null=True)
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    carrier = UnicodeAttribute(null=True)
    tracking_number = UnicodeAttribute(attr_name="trackingNumber", null=True)
    tracking_url = UnicodeAttribute(attr_name="trackingUrl", null=True)
    status = UnicodeAttribute(null=True)


class ByCustomer(GlobalSecondaryIndex["Order"]):
    """A customer's orders by time of creation, eventually consistent."""

    class Meta:
        index_name = "by-customer"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class ReturnPart(dynamodb.Map):
    """Goods that came back at once, and their refund."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")


class OrderReturn(dynamodb.Map):
    """A return of shipped goods, and what of it came back."""

    return_id = UnicodeAttribute(attr_name="returnId")
    parts = dynamodb.MapsAttribute(of=ReturnPart, null=True)


class ByDay(GlobalSecondaryIndex["Order"]):
    """The ids of a day's orders, in eight shards: `placedOn` is `2026-11-22#0`..."""

    class Meta:
        index_name = "by-day"
        projection = KeysOnlyProjection()

    placed_on = UnicodeAttribute(hash_key=True, attr_name="placedOn")


class ByOpenRefund(GlobalSecondaryIndex["Order"]):
    """The ids of orders with a refund that is not made: `openRefund` is `OPEN#0`..."""

    class Meta:
        index_name = "by-open-refund"
        projection = KeysOnlyProjection()

    open_refund = UnicodeAttribute(hash_key=True, attr_name="openRefund")


class Order(Model):
    """What was ordered, how it ended, and what was refunded since."""

    class Meta(dynamodb.Meta):
        table_name = "Orders"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId")
    status = UnicodeAttribute()
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")
    subtotal_minor = dynamodb.WholeNumber(attr_name="subtotalMinor", null=True)
    discount_minor = dynamodb.WholeNumber(attr_name="discountMinor", null=True)
    tax_minor = dynamodb.WholeNumber(attr_name="taxMinor", null=True)
    tax_included = BooleanAttribute(attr_name="taxIncluded", null=True)
    shipping = OrderShipping(null=True)
    currency = UnicodeAttribute()
    payment_method = UnicodeAttribute(attr_name="paymentMethod", null=True)
    payment_id = UnicodeAttribute(attr_name="paymentId", null=True)
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId", null=True)
    request_hash = UnicodeAttribute(attr_name="requestHash", null=True)
    pay_by = UnicodeAttribute(attr_name="payBy", null=True)
    refunds: ListAttribute[OrderRefund] = dynamodb.MapsAttribute(of=OrderRefund, null=True)
    disputes: ListAttribute[OrderDispute] = dynamodb.MapsAttribute(of=OrderDispute, null=True)
    shipments: ListAttribute[OrderShipment] = dynamodb.MapsAttribute(of=OrderShipment, null=True)
    returns: ListAttribute[OrderReturn] = dynamodb.MapsAttribute(of=OrderReturn, null=True)
    order_number = UnicodeAttribute(attr_name="orderNumber", null=True)
    guest_email = UnicodeAttribute(attr_name="guestEmail", null=True)
    guest_id = UnicodeAttribute(attr_name="guestId", null=True)
    order_token = UnicodeAttribute(attr_name="orderToken", null=True)
    cancelled_at = UnicodeAttribute(attr_name="cancelledAt", null=True)
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    placed_on = UnicodeAttribute(attr_name="placedOn", null=True)
    by_customer = ByCustomer()
    by_day = ByDay()
    by_open_refund = ByOpenRefund()

    @property
    def shown_number(self) -> str:
        """What people call it. The bare id, if it is from before there were numbers."""
        return self.order_number or ids.suffix(self.order_id)

    @property
    def is_paid(self) -> bool:
        """Whether it was confirmed, also if it was refunded since."""
        return self.status in PAID_STATUSES

    @property
    def is_withdrawn(self) -> bool:
        """Whether it was cancelled or refunded since, so that it is not picked."""
        return self.status in (OrderStatus.CANCELLING, OrderStatus.REFUNDED)

    @property
    def has_ended_unpaid(self) -> bool:
        """Whether it ended without a purchase."""
        return self.status in UNPAID_END_STATUSES

    @property
    def is_overdue(self) -> bool:
        """Whether it is unpaid, and its offer has ended."""
        end = self.pay_by or offer_end(self.created_at)
        return self.status == OrderStatus.CREATED and end <= clock.now()


def offer_end(created_at: str) -> str:
    """Return when the offer of an order of this time ends, if its row does not say."""
    return clock.iso(datetime.fromisoformat(created_at).timestamp() + OFFER_SECONDS)


def find_order(order_id: str) -> Order | None:
    """Read the order, None if there is none. Strongly consistent."""
    return dynamodb.find(Order, order_id)


def order_key(order_id: str) -> Key[Order]:
    """Return the key of an order."""
    return Key(Order, order_id)


def shown_number(order_id: str, order: Order | None) -> str:
    """Return what people call an order, also one that could not be found."""
    return order.shown_number if order else ids.suffix(order_id)


def find_days(order_ids: Iterable[str]) -> dict[str, str]:
    """Read under which days (UTC) the orders are listed, by order id.

    Strongly consistent.
    """
    orders = Order.batch_get(
        list(order_ids), consistent_read=True, attributes_to_get=["orderId", "placedOn"]
    )
    return {order.order_id: order.placed_on[:10] for order in orders if order.placed_on}


def list_placed_orders(placed_on: str, cursor: str | None = None) -> Page[str]:
    """List the ids of a shard of the orders of a day (UTC), such as `2026-11-22#0`."""
    start = decode_cursor(cursor)
    orders = Order.by_day.query(placed_on, limit=PAGE_LIMIT, last_evaluated_key=start)
    return _to_ids(orders)


def list_joined_orders(user_id: str) -> Iterator[Order]:
    """Read the account's orders that were placed as a guest, page by page."""
    return iter(Order.by_customer.query(user_id, filter_condition=Order.guest_id.exists()))


def list_open_refunds(shard: int, cursor: str | None = None) -> Page[str]:
    """List the ids of a shard of all orders with a refund that is not made."""
    start = decode_cursor(cursor)
    orders = Order.by_open_refund.query(f"OPEN#{shard}", limit=PAGE_LIMIT, last_evaluated_key=start)
    return _to_ids(orders)


def _to_ids(orders: ResultIterator[Order]) -> Page[str]:
    order_ids = [order.order_id for order in orders]
    return Page(order_ids, encode_cursor(orders.last_evaluated_key))
