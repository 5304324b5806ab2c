"""An order in all tables and at the gateway, and ways to spoil it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from pynamodb.exceptions import GetError
from tests.checkout_shop import BOWL, JIMMY, ORDER, PAYMENT, CheckoutShop

from chalicelib.readmodels.inventory import Reservation
from chalicelib.readmodels.orders import Order
from chalicelib.reconciliation import service
from chalicelib.reconciliation.notification_rules import AWAIT_PAYMENT_SECONDS
from chalicelib.reconciliation.schemas import ReconcileRequest, to_plain
from chalicelib.saga import executions
from common import aws, clock, ids, queues
from testkit import resources
from testkit.events import waiting

OTHER = "ORDER#01JA0000000000000000000002"


class OrderRecords:
    """Writes an order into the tables of all services, and reconciles it."""

    def __init__(self, shop: CheckoutShop, patch: Any) -> None:
        self.shop, self.patch = shop, patch

    def today(self) -> str:
        return datetime.now(UTC).date().isoformat()

    def yesterday(self) -> str:
        return (datetime.now(UTC).date() - timedelta(days=1)).isoformat()

    def check(self, **request: Any) -> list[tuple[str, str]]:
        """Reconcile today's orders as settled: the kinds, with the outcome of each."""
        return [
            (discrepancy["kind"], discrepancy["outcome"])
            for discrepancy in self.report(**request)["discrepancies"]
        ]

    def kinds(self, **request: Any) -> list[str]:
        return [kind for kind, _ in self.check(**request)]

    def report(self, **request: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.shop.api.invoke(
            "reconcile", {"day": self.today(), "settle": 0, **request}
        )
        return answer

    def report_without_time(self, **request: Any) -> dict[str, Any]:
        """As a Lambda answers that has time for one order."""
        request = {"day": self.today(), "settle": 0, **request}
        return to_plain(
            service.reconcile(msgspec.convert(request, ReconcileRequest), lambda: False)
        )

    def when_orders_are_read(self, act: Callable[[], None], after: int = 0) -> None:
        """Something happens after so many times that an order was read."""
        self._when(Order, "get", act, after)

    def throttle(self) -> None:
        """Raise what DynamoDB does above its capacity."""
        raise GetError("throttled")

    def when_reservations_are_read(self, act: Callable[[], None]) -> None:
        """Something happens just before all reservations are read."""
        self._when(Reservation, "scan", act, 0)

    def _when(self, model: Any, name: str, act: Callable[[], None], after: int) -> None:
        real, seen = getattr(model, name), [0]

        def read(*args: Any, **kwargs: Any) -> Any:
            seen[0] += 1
            if seen[0] == after + 1:
                act()
            return real(*args, **kwargs)

        self.patch.setattr(model, name, read)

    def store_order(self, order_id: str = ORDER, status: str = "CREATED", **more: Any) -> str:
        """An order as order-service stores it, of two bowls."""
        now = clock.now()
        times = {"createdAt": now, "updatedAt": now, "placedOn": f"{now[:10]}#3"}
        return self.shop.add_order(order_id, status=status, **{**times, **more})

    def set_status(self, status: str, order_id: str = ORDER, **more: Any) -> None:
        self.shop.set_order_status(order_id, status, updatedAt=clock.now(), **more)

    def store_stock(
        self, product_id: str = BOWL, available: int = 8, reserved: int = 0, sold: int = 0
    ) -> None:
        """Store the stock of a product, whose sum was supplied."""
        self.put(
            "Inventory",
            productId=product_id,
            availableStock=available,
            reservedStock=reserved,
            soldStock=sold,
            suppliedStock=available + reserved + sold,
            updatedAt=clock.now(),
        )

    def store_movement(self, change: int, product_id: str = BOWL, number: int = 1) -> None:
        """A line of the ledger of supply, which the product has from now on."""
        self.put(
            "StockMovements",
            movementId=f"MOVE#{number}",
            productId=product_id,
            kind="ADJUSTED",
            change=change,
            movedBy="USER#01ADMIN",
            createdAt=clock.now(),
        )
        self.change("Inventory", {"productId": product_id}, hasLedger=True)

    def store_reservation(
        self, status: str, order_id: str = ORDER, qty: int = 2, expires_in: int = 1200, **more: Any
    ) -> None:
        """The order's reservation."""
        item = {"productId": BOWL, "qty": qty, **more}
        row = {"orderId": order_id, "items": [item], "status": status, "updatedAt": clock.now()}
        open_ = {"open": "OPEN#5"} if status == "RESERVED" else {}
        self.put(
            "Reservations",
            **row,
            expiresAt=clock.epoch() + expires_in,
            createdAt=clock.now(),
            **open_,
        )

    def notify(self, kind: str, order_id: str = ORDER) -> None:
        """By the saga, of how it ended."""
        notice = {
            "userId": JIMMY,
            "type": "EMAIL",
            "kind": kind,
            "orderId": order_id,
            "message": "so it is",
        }
        self.shop.api.invoke("send-notification", notice)

    def order_done(self, order_id: str = ORDER, total: float = 25.98) -> dict[str, Any]:
        """The saga's order.done."""
        number = ids.suffix(order_id)
        detail = {
            "eventId": f"EVT#{number}",
            "version": 1,
            "correlationId": "cor-1",
            "occurredAt": clock.now(),
            "orderId": order_id,
            "userId": JIMMY,
            "items": [{"productId": BOWL, "qty": 2}],
            "totalAmount": total,
            "currency": "USD",
            "paymentId": f"PAY#{number}",
        }
        return {"source": "commerce.checkout", "detail-type": "order.done", "detail": detail}

    def consume_order_done(
        self, order_id: str = ORDER, by: str = "receipt audit analytics", total: float = 25.98
    ) -> None:
        """order.done, by those who listen to it."""
        for name in {"receipt", "audit"} & set(by.split()):
            self.shop.api.sqs(f"on-order-done-{name}", [self.order_done(order_id, total)])
        if "analytics" in by:
            row = {
                "eventId": f"EVT#{ids.suffix(order_id)}",
                "eventType": "ORDER_COMPLETED",
                "userId": JIMMY,
            }
            self.put("EventLogs", **row, timestamp=clock.now(), day=self.today(), metadata={})

    def complete_purchase(
        self, order_id: str = ORDER, paid: bool = True, consumers: str = "receipt audit analytics"
    ) -> str:
        """A purchase from end to end, as all have it."""
        self.store_order(order_id)
        if paid:
            self.shop.charge(order_id)
        self.store_reservation("COMMITTED", order_id)
        self.set_status("CONFIRMED", order_id, paymentId=f"PAY#{ids.suffix(order_id)}")
        self.notify("ORDER_CONFIRMED", order_id)
        self.consume_order_done(order_id, consumers)
        return order_id

    def fail_checkout(self, order_id: str = ORDER, status: str = "FAILED") -> str:
        """Store a checkout that was compensated after the capture."""
        self.store_order(order_id)
        self.shop.charge(order_id)
        self.shop.refund(order_id)
        self.store_reservation("RELEASED", order_id)
        self.set_status(status, order_id, reason="OutOfStock")
        self.notify("ORDER_CANCELLED" if status == "CANCELLED" else "ORDER_FAILED", order_id)
        return order_id

    def request_refund(
        self,
        refund_id: str = "REFUND#1",
        amount: int = 1299,
        qty: int = 1,
        status: str = "REQUESTED",
        restock: bool = True,
        **more: Any,
    ) -> None:
        """A refund of some bowls, on the order's row."""
        order = self.shop.order(ORDER)
        refund = {
            "refundId": refund_id,
            "items": [{"productId": BOWL, "qty": qty}],
            "amountMinor": amount,
            "restock": restock,
            "status": status,
            "requestedAt": clock.now(),
            **more,
        }
        becomes = order["status"] if status == "REQUESTED" else "PARTLY_REFUNDED"
        self.set_status(becomes, refunds=[*order.get("refunds", []), refund])

    def refund_at_gateway(
        self, amount: int | None = None, intent_id: str | None = None, key: str = "by hand"
    ) -> None:
        """Refund at the gateway, without the shop."""
        request = {"payment_intent": intent_id or self.shop.payment()["intentId"]}
        request |= {"metadata": {"refundKey": key}}
        self.shop.stripe.create_refund({**request, **({"amount": amount} if amount else {})})

    def fail_refund(self) -> None:
        """The customer's bank does not take the last one."""
        self.shop.stripe.fail_refund(self.shop.stripe.store.list_all("refund")[0]["id"])

    def charge_at_gateway(self, order_id: str | None = ORDER) -> str:
        """Create an intent at the gateway, without the shop."""
        charge = {
            "amount": 2598,
            "currency": "usd",
            "payment_method": "pm_card_visa",
            "confirm": "true",
        }
        about = {"metadata": {"orderId": order_id, "stage": "local"} if order_id else {}}
        _, intent = self.shop.stripe.create_intent({**charge, **about})
        return str(intent["id"])

    def set_payment_status(self, status: str) -> None:
        row = self.shop.payment(PAYMENT)
        self.put("Payments", **{**row, "status": status, "updatedAt": clock.now()})

    def let_payment_expire(self) -> None:
        """The customer has let the time to pay go by."""
        began = clock.iso(clock.epoch() - AWAIT_PAYMENT_SECONDS - 1)
        self.put("Payments", **{**self.shop.payment(PAYMENT), "updatedAt": began})

    def start_saga(self, order_id: str = ORDER) -> None:
        executions.start_execution(order_id, JIMMY, "cor-1")

    def put(self, table: str, **item: Any) -> None:
        resources.table(table).put_item(Item=item)

    def delete(self, table: str, **key: str) -> None:
        resources.table(table).delete_item(Key=key)

    def change(self, table: str, key: dict[str, str], **values: Any) -> None:
        """Overwrite some attributes of a row."""
        rows = resources.table(table)
        rows.put_item(Item={**rows.get_item(Key=key)["Item"], **values})

    def consume_order_done_message(self, message: dict[str, Any]) -> None:
        """Deliver this order.done to all its consumers."""
        for name in ("receipt", "audit"):
            self.shop.api.sqs(f"on-order-done-{name}", [message])
        self.consume_order_done(message["detail"]["orderId"], by="analytics")

    def refile_audit(self, day: str) -> None:
        """The order was audited on another day."""
        (row,) = self.shop.audited()
        self.delete("InventoryAudit", day=row["day"], orderId=row["orderId"])
        self.put("InventoryAudit", **{**row, "day": day})

    def release_stock(self, step: dict[str, Any]) -> dict[str, Any]:
        """As product-service does."""
        self.store_reservation("RELEASED", step["orderId"])
        return {"orderId": step["orderId"], "status": "RELEASED"}

    def commit_stock(self, step: dict[str, Any]) -> dict[str, Any]:
        """As product-service does."""
        self.store_reservation("COMMITTED", step["orderId"])
        return {"orderId": step["orderId"], "status": "COMMITTED"}

    def recheck(self) -> int:
        """Recheck the escalated discrepancies, and count those that stand."""
        return self.shop.consume("discrepancy-queue", "on-discrepancy")

    def delete_notifications(self, *kinds: str) -> None:
        """Delete the notifications of the customer."""
        for row in self.shop.notifications():
            if row["kind"] in kinds and row["audience"] == "customer":
                self.delete("Notifications", notificationId=row["notificationId"])

    def mark_pending(self, kind: str) -> None:
        """The row is there, the mail is not."""
        for row in self.shop.notifications():
            if row["kind"] == kind:
                self.put("Notifications", **{**row, "status": "PENDING"})

    def duplicate_notification(self, kind: str) -> None:
        """Another row of the same, sent as well."""
        for row in self.shop.notifications():
            if row["kind"] == kind and row["audience"] == "customer":
                self.put("Notifications", **{**row, "notificationId": "NOTIF#another"})

    def dump(self) -> dict[str, Any]:
        """All rows of all tables, and what waits in the queues."""
        tables = aws.client("dynamodb").list_tables()["TableNames"]
        rows = {name: resources.table(name).scan()["Items"] for name in tables}
        return {**rows, "queues": self.all_queues(), "sagas": self.shop.executions()}

    def messages(self, queue: str) -> list[dict[str, Any]]:
        """The bodies in a queue."""
        return waiting(queue)

    def all_queues(self) -> dict[str, int]:
        """How many messages wait in which queues, besides events from the bus."""
        counts = {}
        for url in aws.client("sqs").list_queues()["QueueUrls"]:
            name = url.rsplit("/", 1)[-1]
            requests = [message for message in self.messages(name) if "detail-type" not in message]
            if requests:
                counts[name] = len(requests)
        return counts

    def purge(self, queue: str) -> None:
        """Nothing waits there any more."""
        aws.client("sqs").purge_queue(QueueUrl=queues.url(queue))
