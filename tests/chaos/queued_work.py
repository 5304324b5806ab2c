"""The messages that sagas and streams queue when a step or a record keeps failing."""

import uuid
from collections.abc import Sequence
from typing import Any

from tests.support.probe import ShopProbe

Message = tuple[str, dict[str, Any]]  # a queue's name, and what it gets


def of_purchase(probe: ShopProbe, order_id: str, user_id: str) -> list[Message]:
    """What the saga of a purchase, and the stream of its order, may queue."""
    order = probe.row("Orders", orderId=order_id)
    items = lines_of(order)
    notice = {
        "userId": user_id,
        "type": "EMAIL",
        "orderId": order_id,
        "subject": "Late",
        "message": uuid.uuid4().hex,
    }
    return [
        ("notification-queue", notice),
        ("cart-clear-queue", {"orderId": order_id, "userId": user_id, "items": items}),
        ("unpublished-events-queue", _order_done(order, items)),
        ("inventory-update-queue", {"action": "commit", "orderId": order_id, "items": items}),
        ("announce-orders-queue", _parked_record(probe, order_id)),
        ("order-staff-acts-queue", _parked_act("OrderStaffActs", user_id)),
        ("product-staff-acts-queue", _parked_act("ProductStaffActs", user_id)),
    ]


def of_failure(order_id: str, user_id: str) -> list[Message]:
    """What the saga of a failed order may queue."""
    failure = {"orderId": order_id, "userId": user_id, "reason": "late", "status": "FAILED"}
    return [
        ("payment-retry-queue", {"action": "refund", "orderId": order_id, "reason": "late"}),
        ("inventory-update-queue", {"action": "release", "orderId": order_id}),
        ("order-fail-queue", failure),
    ]


def dead_letters_of(order: dict[str, Any]) -> list[Message]:
    """What dead-letter queues may hold of an order."""
    order_id, items = order["orderId"], lines_of(order)
    charge = {
        "action": "charge",
        "orderId": order_id,
        "userId": order["userId"],
        "amount": 25.98,
        "currency": "USD",
        "method": "CARD",
        "paymentMethod": "pm_card_visa",
        "taskToken": "an-expired-token",
    }
    failure = {"orderId": order_id, "userId": order["userId"], "reason": "late", "status": "FAILED"}
    letters = [
        ("payment-retry-queue", charge),
        ("cart-clear-queue", {"orderId": order_id, "userId": order["userId"], "items": items}),
        ("order-fail-queue", failure),
    ]
    if order["status"] not in ("FAILED", "CANCELLED", "EXPIRED"):
        commit = {"action": "commit", "orderId": order_id, "items": items}
        return [*letters, ("inventory-update-queue", commit)]
    return [
        *letters,
        ("payment-retry-queue", {"action": "refund", "orderId": order_id, "reason": "late"}),
        ("inventory-update-queue", {"action": "release", "orderId": order_id}),
    ]


def lines_of(order: dict[str, Any]) -> list[dict[str, Any]]:
    """The products and quantities of a stored order."""
    return [{"productId": line["productId"], "qty": int(line["qty"])} for line in order["items"]]


def _order_done(order: dict[str, Any], items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    detail = {
        "eventId": f"EVT#{order['orderId'].split('#')[1]}",
        "version": 1,
        "correlationId": order["correlationId"],
        "occurredAt": order["updatedAt"],
        "orderId": order["orderId"],
        "userId": order["userId"],
        "items": items,
        "totalAmount": 25.98,
        "currency": "USD",
        "paymentId": order["paymentId"],
    }
    return {"source": "commerce.checkout", "detail-type": "order.done", "detail": detail}


def _parked_record(probe: ShopProbe, order_id: str) -> dict[str, Any]:
    """A stream record as announce-orders parks it."""
    image = {**probe.item("Orders", orderId=order_id), "status": {"S": "CREATED"}}
    stream = "arn:aws:dynamodb:us-east-1:000000000000:table/Orders/stream/parked"
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT",
        "eventSourceARN": stream,
        "dynamodb": {"NewImage": image},
    }


def _parked_act(table: str, user_id: str) -> dict[str, Any]:
    """A stream record as announce-staff-acts parks it."""
    texts = {
        "actId": f"ACT#{uuid.uuid4().hex}",
        "userId": user_id,
        "role": "support",
        "scope": "orders:write",
        "action": "cancelOrder",
        "changes": "[]",
        "correlationId": "late",
        "createdAt": "2025-10-13T14:10:00.123Z",
    }
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": "INSERT",
        "eventSourceARN": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}/stream/parked",
        "dynamodb": {"NewImage": {name: {"S": text} for name, text in texts.items()}},
    }
