"""The returns in the row of an order."""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from chalicelib.orders.statuses import ReturnStatus
from common import dynamodb


class ReturnLine(dynamodb.Map):
    """How many of a product a customer returns, and why."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()
    reason = UnicodeAttribute()


class ReceivedLine(dynamodb.Map):
    """How many of a product came back, and whether they can be sold again."""

    product_id = UnicodeAttribute(attr_name="productId")
    qty = dynamodb.WholeNumber()
    restock = BooleanAttribute()


class ReturnPart(dynamodb.Map):
    """What of a return came back at once. It has one refund."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    lines = dynamodb.MapsAttribute(of=ReceivedLine, attr_name="items")
    request_hash = UnicodeAttribute(attr_name="requestHash")
    received_at = UnicodeAttribute(attr_name="receivedAt")
    received_by = UnicodeAttribute(attr_name="receivedBy")


class Return(dynamodb.Map):
    """Shipped goods that a customer asked to return. Never deleted."""

    return_id = UnicodeAttribute(attr_name="returnId")
    lines = dynamodb.MapsAttribute(of=ReturnLine, attr_name="items")
    status = UnicodeAttribute(default=ReturnStatus.REQUESTED)
    request_hash = UnicodeAttribute(attr_name="requestHash")
    requested_at = UnicodeAttribute(attr_name="requestedAt")
    requested_by = UnicodeAttribute(attr_name="requestedBy")
    note = UnicodeAttribute(null=True)  # to the customer, of who decided
    decided_at = UnicodeAttribute(null=True, attr_name="decidedAt")
    decided_by = UnicodeAttribute(null=True, attr_name="decidedBy")
    parts = dynamodb.MapsAttribute(of=ReturnPart, null=True)
