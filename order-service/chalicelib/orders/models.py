"""The table Orders."""

import zlib

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex, KeysOnlyProjection
from pynamodb.models import Model

from chalicelib.orders.addresses import AddressChange, AddressMap
from chalicelib.orders.notes import Note
from chalicelib.orders.return_models import Return
from chalicelib.orders.statuses import OrderStatus, RefundStatus, ShipmentStatus
from common import dynamodb

# Of the index by-day. Must not be lowered while days stored with more shards are still read.
DAY_SHARDS = 8


def day_shard(order_id: str, created_at: str) -> str:
    """Return the key of by-day: the order's day (UTC) and one of DAY_SHARDS shards.

    One key per day would send every new order to one partition, which takes 1,000 writes a second:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-sharding.html
    To read a day, query all of its shards.
    """
    return f"{created_at[:10]}#{zlib.crc32(order_id.encode()) % DAY_SHARDS}"


def fulfilment_shard(status: str, order_id: str) -> str:
    """Return the key of by-fulfilment: the fulfilment status and one of DAY_SHARDS."""
    return f"{status}#{zlib.crc32(order_id.encode()) % DAY_SHARDS}"


def refund_shard(order_id: str) -> str:
    """Return the key of by-open-refund, one of DAY_SHARDS."""
    return f"OPEN#{zlib.crc32(order_id.encode()) % DAY_SHARDS}"


class OrderLine(dynamodb.Map):
    """One product of an order, with its name and price at the time of the order.

    `line_total_minor` is what is paid for it: after its discount, and with its tax.
    """

    product_id = UnicodeAttribute(attr_name="productId")
    name = UnicodeAttribute()
    qty = dynamodb.WholeNumber()
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    line_total_minor = dynamodb.WholeNumber(attr_name="lineTotalMinor")
    discount_minor = dynamodb.WholeNumber(null=True, attr_name="discountMinor")
    tax_minor = dynamodb.WholeNumber(null=True, attr_name="taxMinor")
    tax_name = UnicodeAttribute(null=True, attr_name="taxName")
    # Which item of the cart it was taken from: one that is put in again has another time.
    added_at = UnicodeAttribute(null=True, attr_name="addedAt")


class OrderShipping(dynamodb.Map):
    """A copy of the shipping method, and what is paid for it, with its tax."""

    method_id = UnicodeAttribute(attr_name="methodId")
    name = UnicodeAttribute()
    min_days = dynamodb.WholeNumber(attr_name="minDays")
    max_days = dynamodb.WholeNumber(attr_name="maxDays")
    price_minor = dynamodb.WholeNumber(attr_name="priceMinor")
    tax_minor = dynamodb.WholeNumber(attr_name="taxMinor")
    tax_name = UnicodeAttribute(null=True, attr_name="taxName")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")


class OrderPromotion(dynamodb.Map):
    """A promotion of the order.

    `counted_for` names the counters of CouponUses that have its use.
    """

    promotion_id = UnicodeAttribute(attr_name="promotionId")
    name = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    counted_for: ListAttribute[str] = ListAttribute(attr_name="countedFor")


class RefundLine(dynamodb.Map):
    """How many of a product are refunded."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()


class Refund(dynamodb.Map):
    """What of a paid order is paid back: goods, shipping, or an amount. Never deleted."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    lines = dynamodb.MapsAttribute(of=RefundLine, attr_name="items")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    shipping_minor = dynamodb.WholeNumber(attr_name="shippingMinor", null=True)  # part of it
    whole = BooleanAttribute()  # requested as all that was left, without naming items
    restock = BooleanAttribute()
    # Of a return: which of the goods are restocked, where not all of them can be sold again.
    restock_lines = dynamodb.MapsAttribute(of=RefundLine, attr_name="restockItems", null=True)
    return_id = UnicodeAttribute(null=True, attr_name="returnId")  # the goods were shipped
    cancels_order = BooleanAttribute(attr_name="cancelsOrder", default=False)
    # A failed refund that is tried again keeps its goods, which are restocked once.
    attempt = dynamodb.WholeNumber(default=1)
    asked_at = UnicodeAttribute(null=True, attr_name="askedAt")  # again, while it is not made
    reason = UnicodeAttribute(null=True)
    requested_by = UnicodeAttribute(attr_name="requestedBy")
    request_hash = UnicodeAttribute(attr_name="requestHash")
    status = UnicodeAttribute(default=RefundStatus.REQUESTED)
    requested_at = UnicodeAttribute(attr_name="requestedAt")
    done_at = UnicodeAttribute(null=True, attr_name="doneAt")


class ShipmentLine(dynamodb.Map):
    """How many of a product are in a shipment."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()


class Shipment(dynamodb.Map):
    """A parcel with goods of a paid order. Never deleted."""

    shipment_id = UnicodeAttribute(attr_name="shipmentId")
    lines = dynamodb.MapsAttribute(of=ShipmentLine, attr_name="items")
    carrier = UnicodeAttribute()
    tracking_number = UnicodeAttribute(null=True, attr_name="trackingNumber")
    tracking_url = UnicodeAttribute(null=True, attr_name="trackingUrl")
    status = UnicodeAttribute(default=ShipmentStatus.SHIPPED)
    request_hash = UnicodeAttribute(attr_name="requestHash")
    shipped_at = UnicodeAttribute(attr_name="shippedAt")
    shipped_by = UnicodeAttribute(attr_name="shippedBy")
    delivered_at = UnicodeAttribute(null=True, attr_name="deliveredAt")
    delivered_by = UnicodeAttribute(null=True, attr_name="deliveredBy")


class Dispute(dynamodb.Map):
    """A charge that the customer's bank disputes, in any paid status."""

    dispute_id = UnicodeAttribute(attr_name="disputeId")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    status = UnicodeAttribute()
    reason = UnicodeAttribute()
    evidence_due_by = UnicodeAttribute(null=True, attr_name="evidenceDueBy")


class ByCustomer(GlobalSecondaryIndex["Order"]):
    """A customer's orders by time of creation, eventually consistent."""

    class Meta:
        index_name = "by-customer"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class ByOpenRefund(GlobalSecondaryIndex["Order"]):
    """The ids of the orders with a refund that is not made, whenever they were placed."""

    class Meta:
        index_name = "by-open-refund"
        projection = KeysOnlyProjection()

    open_refund = UnicodeAttribute(hash_key=True, attr_name="openRefund")


class ByDay(GlobalSecondaryIndex["Order"]):
    """The ids of a day's orders in any status, except orders older than the index."""

    class Meta:
        index_name = "by-day"
        projection = KeysOnlyProjection()

    placed_on = UnicodeAttribute(hash_key=True, attr_name="placedOn")


class ByTime(GlobalSecondaryIndex["Order"]):
    """The ids of a day's orders by time of creation, in the shards of by-day."""

    class Meta:
        index_name = "by-time"
        projection = KeysOnlyProjection()

    placed_on = UnicodeAttribute(hash_key=True, attr_name="placedOn")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class ByFulfilment(GlobalSecondaryIndex["Order"]):
    """The ids of paid orders by fulfilment status and time of creation.

    An order with nothing to ship of which nothing was shipped is not in it.
    """

    class Meta:
        index_name = "by-fulfilment"
        projection = KeysOnlyProjection()

    to_fulfil = UnicodeAttribute(hash_key=True, attr_name="toFulfil")
    created_at = UnicodeAttribute(range_key=True, attr_name="createdAt")


class Order(Model):
    """A purchase. Never deleted.

    Goods, prices and total never change. The status follows TRANSITIONS, with `payment_id` or
    `reason`, and lists such as `refunds` and `shipments` grow. The table's stream publishes every
    change.
    """

    class Meta(dynamodb.Meta):
        table_name = "Orders"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId")
    status = UnicodeAttribute(default=OrderStatus.CREATED)
    lines = dynamodb.MapsAttribute(of=OrderLine, attr_name="items")
    total_minor = dynamodb.WholeNumber(attr_name="totalMinor")
    subtotal_minor = dynamodb.WholeNumber(null=True, attr_name="subtotalMinor")
    discount_minor = dynamodb.WholeNumber(null=True, attr_name="discountMinor")
    tax_minor = dynamodb.WholeNumber(null=True, attr_name="taxMinor")
    tax_included = BooleanAttribute(null=True, attr_name="taxIncluded")
    shipping = OrderShipping(null=True)
    shipping_address = AddressMap(null=True, attr_name="shippingAddress")
    billing_address = AddressMap(null=True, attr_name="billingAddress")
    address_changes = dynamodb.MapsAttribute(
        of=AddressChange, null=True, attr_name="addressChanges"
    )
    promotions = dynamodb.MapsAttribute(of=OrderPromotion, null=True)
    currency = UnicodeAttribute()
    method = UnicodeAttribute()
    payment_method = UnicodeAttribute(null=True, attr_name="paymentMethod")
    payment_id = UnicodeAttribute(null=True, attr_name="paymentId")
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId")
    request_hash = UnicodeAttribute(null=True, attr_name="requestHash")
    created_at = UnicodeAttribute(attr_name="createdAt")
    updated_at = UnicodeAttribute(attr_name="updatedAt")
    placed_on = UnicodeAttribute(null=True, attr_name="placedOn")  # see day_shard
    pay_by = UnicodeAttribute(null=True, attr_name="payBy")  # see offers.pay_by
    refunds = dynamodb.MapsAttribute(of=Refund, null=True)
    disputes = dynamodb.MapsAttribute(of=Dispute, null=True)
    shipments = dynamodb.MapsAttribute(of=Shipment, null=True)
    returns = dynamodb.MapsAttribute(of=Return, null=True)
    open_refund = UnicodeAttribute(null=True, attr_name="openRefund")  # see refund_shard
    confirmed_at = UnicodeAttribute(null=True, attr_name="confirmedAt")  # not of older orders
    cancelled_at = UnicodeAttribute(null=True, attr_name="cancelledAt")  # after it was paid
    notes = dynamodb.MapsAttribute(of=Note, null=True)
    fulfilment_status = UnicodeAttribute(null=True, attr_name="fulfilmentStatus")
    to_fulfil = UnicodeAttribute(null=True, attr_name="toFulfil")  # see fulfilment_shard
    # Of order_numbers, for other services. Orders from before it have none, and yet a number.
    order_number = UnicodeAttribute(null=True, attr_name="orderNumber")
    version = VersionAttribute()
    by_customer = ByCustomer()
    by_day = ByDay()
    by_open_refund = ByOpenRefund()
    by_time = ByTime()
    by_fulfilment = ByFulfilment()


class RecentLine(dynamodb.Map):
    """How many of a product an order has."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()


class RecentOrder(dynamodb.Map):
    """An order that a customer placed lately, of the cart or of a list."""

    order_id = UnicodeAttribute(attr_name="orderId")
    from_cart = BooleanAttribute(attr_name="fromCart")
    placed_at = UnicodeAttribute(attr_name="placedAt")
    lines = dynamodb.MapsAttribute(of=RecentLine, attr_name="items")


class CustomerOrders(Model):
    """A customer's recent orders, written in one transaction with each new one."""

    class Meta(dynamodb.Meta):
        table_name = "CustomerOrders"

    user_id = UnicodeAttribute(hash_key=True, attr_name="userId")
    recent = dynamodb.MapsAttribute(of=RecentOrder)
    version = VersionAttribute()
