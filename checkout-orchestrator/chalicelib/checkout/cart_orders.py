"""Earlier orders of a cart: one is superseded, what was bought left out."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.checkout.errors import OrderServiceUnavailable
from chalicelib.payments import superseding
from chalicelib.payments.errors import PaymentInProgress
from chalicelib.readmodels.carts import CartItem, clearing_key
from chalicelib.readmodels.customer_orders import RecentOrder, list_recent_orders
from chalicelib.readmodels.orders import PAID_STATUSES, OrderStatus, order_key
from chalicelib.saga import lambdas
from common.batch_reads import BatchReader

_REASON = "another checkout of the cart replaced it"


def supersede_unpaid(user_id: str, order_id: str, reader: BatchReader) -> None:
    """Cancel the customer's other unpaid orders of the cart, and release their stock.

    Whether one is paid since `reader` read it the gateway and order-service decide. One that was
    stored since keeps the new order from being stored.
    Idempotent. Raises: PaymentInProgress if one of them is being paid; GatewayUnavailable,
    OrderServiceUnavailable.
    """
    recent = list_recent_orders(user_id, reader)
    others = [one.order_id for one in recent if one.from_cart and one.order_id != order_id]
    for order in reader.find_all(map(order_key, others)):
        if order.status == OrderStatus.CREATED:
            superseding.void_unless_paid(order.order_id)
            _cancel(order.order_id)


def list_bought(user_id: str, reader: BatchReader) -> list[RecentOrder]:
    """List the orders that are paid, and whose goods are perhaps still in the cart.

    Read before the cart: one that is cleared in between is then left out once too often, and
    never bought twice.
    """
    recent = list_recent_orders(user_id, reader)
    orders = {entry.order_id: order_key(entry.order_id) for entry in recent}
    clearings = {order_id: clearing_key(user_id, order_id) for order_id in orders}
    reader.read(*orders.values(), *clearings.values())
    return [
        entry
        for entry in recent
        if (order := reader.find(orders[entry.order_id]))
        and order.status in PAID_STATUSES
        and reader.find(clearings[entry.order_id]) is None
    ]


def leave_out(bought: list[RecentOrder], cart: list[CartItem]) -> list[CartItem]:
    """Return what is in the cart besides what these orders have bought."""
    left = []
    for item in cart:
        taken = sum(
            line.qty
            for entry in bought
            for line in entry.lines
            if line.product_id == item.product_id and item.is_older_than(entry.placed_at)
        )
        if item.qty > taken:
            item.qty -= taken
            left.append(item)
    return left


def _cancel(order_id: str) -> None:
    """Cancel the order in place of a confirmation, and release its stock."""
    try:
        step = {"orderId": order_id, "status": OrderStatus.CANCELLED, "reason": _REASON}
        ended = lambdas.invoke("order-service", "fail-order", step)
        if ended["status"] in PAID_STATUSES:
            raise PaymentInProgress(f"{order_id}, an order of this cart, was just paid")
        lambdas.invoke("product-service", "release-inventory", {"orderId": order_id})
    except (lambdas.StepFailed, BotoCoreError, ClientError) as exc:
        raise OrderServiceUnavailable("an earlier order of the cart could not be ended") from exc
