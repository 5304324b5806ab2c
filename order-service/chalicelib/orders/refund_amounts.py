"""What is left to refund of an order, and how much its goods cost."""

from collections import Counter

from chalicelib.orders.errors import OrderDisputed
from chalicelib.orders.models import Order
from chalicelib.orders.pricing import Quantities
from chalicelib.orders.statuses import DisputeStatus, RefundStatus
from chalicelib.quotes.refund_shares import PaidLine, refund_share


def count_goods_left(order: Order) -> Quantities:
    """Return how many of each product no refund was requested for.

    One that failed keeps its goods: it is tried again, and they may be restocked already.
    """
    left = Counter({line.product_id: line.qty for line in order.lines})
    for refund in order.refunds or []:
        left.subtract({line.product_id: line.qty for line in refund.lines})
    return dict(+left)


def sum_money_left(order: Order) -> int:
    """Return the minor units that are not refunded or being refunded.

    What a lost dispute took is not left. Negative after refunds at the gateway's dashboard, until
    those that were requested meanwhile end with less.
    """
    requested: int = sum(
        refund.amount_minor
        for refund in order.refunds or []
        if refund.status != RefundStatus.FAILED
    )
    lost = sum(
        dispute.amount_minor
        for dispute in order.disputes or []
        if dispute.status == DisputeStatus.LOST
    )
    return int(order.total_minor) - requested - lost


def validate_undisputed(order: Order) -> None:
    """Refuse to refund what the customer's bank may take back. Raises: OrderDisputed."""
    if any(dispute.status == DisputeStatus.OPEN for dispute in order.disputes or []):
        raise OrderDisputed(f"{order.order_id} is disputed; see the payment gateway")


def sum_shipping_left(order: Order) -> int:
    """Return what was paid for shipping and is not refunded, in minor units."""
    refunded = sum(refund.shipping_minor or 0 for refund in order.refunds or [])
    return (order.shipping.total_minor if order.shipping else 0) - refunded


def price_goods(order: Order, quantities: Quantities) -> int:
    """Return what was paid for these goods, which are left, in minor units.

    The refunds of all pieces of a line sum to what was paid for the line, also where a piece
    costs no whole number of units: each refund is the difference of two rounded sums.
    """
    left = count_goods_left(order)
    lines = [
        PaidLine(
            line.product_id,
            line.qty,
            line.line_total_minor,
            line.qty - left.get(line.product_id, 0),
        )
        for line in order.lines
    ]
    return refund_share(lines, quantities)
