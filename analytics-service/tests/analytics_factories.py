"""Orders, payments and stocks as their owners write them, and their messages."""

from common import events
from testkit.service_client import stream_record

DAY = "2025-10-13"
NOON = f"{DAY}T12:00:00.000Z"
JIMMY = "USER#01JIMMY"


def order(number=1, status="CREATED", at=NOON, **more):
    return {
        "orderId": f"ORDER#{number}",
        "userId": JIMMY,
        "status": status,
        "items": [
            {
                "productId": "PROD#001",
                "name": "Bowl",
                "qty": 2,
                "priceMinor": 1299,
                "lineTotalMinor": 2598,
            }
        ],
        "totalMinor": 2598,
        "currency": "USD",
        "method": "CARD",
        "paymentMethod": "pm_card_visa",
        "correlationId": "c-1",
        "createdAt": NOON,
        "updatedAt": at,
        "version": 1,
        **more,
    }


def payment(number=1, status="STARTED", at=NOON, **more):
    return {
        "paymentId": f"PAY#{number}",
        "orderId": f"ORDER#{number}",
        "userId": JIMMY,
        "amountMinor": 2598,
        "currency": "USD",
        "method": "CARD",
        "paymentMethod": "pm_secret_method",
        "clientSecret": "pi_1_secret_client",
        "taskToken": "secret-task-token",
        "nextAction": {"type": "CONFIRM_PAYMENT", "clientSecret": "pi_1_secret_client"},
        "status": status,
        "createdAt": NOON,
        "updatedAt": at,
        "version": 1,
        **more,
    }


def stock(available, reserved=0, sold=0, at=NOON):
    return {
        "productId": "PROD#001",
        "availableStock": available,
        "reservedStock": reserved,
        "soldStock": sold,
        "suppliedStock": available + reserved + sold,
        "updatedAt": at,
    }


def change(table, old, new, record=None):
    return stream_record(table, old, new, record)


def order_done(number=1, at=NOON, units=2, total="25.98", currency="USD", user_id=JIMMY):
    return events.to_message(
        events.OrderDone(
            event_id=f"EVT#{number}",
            correlation_id="c-1",
            occurred_at=at,
            order_id=f"ORDER#{number}",
            user_id=user_id,
            items=[events.Line(product_id="PROD#001", qty=units)],
            total_amount=total,
            currency=currency,
            payment_id=f"PAY#{number}",
        )
    )


def inventory_updated(number=1, at=NOON, units=2):
    line = events.Line(product_id="PROD#001", qty=units)
    return events.to_message(
        events.create(
            events.InventoryUpdated, order_id=f"ORDER#{number}", items=[line], occurred_at=at
        )
    )


def staff_acted(act="ACT#1", at=NOON):
    change = events.StaffChange("Orders", "ORDER#1", {"status": "CREATED"}, {"status": "CANCELLED"})
    return events.to_message(
        events.staff_acted(
            act,
            user_id="USER#01STAFF",
            role="support",
            scope="orders:write",
            action="cancelOrder",
            changes=[change],
            occurred_at=at,
        )
    )
