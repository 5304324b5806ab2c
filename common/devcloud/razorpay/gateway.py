"""The operations of the fake of Razorpay, each one transaction."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from devcloud.gateways.control import control_routes
from devcloud.gateways.fake import Decisions, FakeGateway
from devcloud.gateways.idempotency import KeyReused, fingerprint
from devcloud.gateways.store import JsonObject
from devcloud.razorpay import lists, orders
from devcloud.razorpay.api import RazorpayApi
from devcloud.razorpay.errors import bad_request, not_found
from devcloud.razorpay.webhooks import RazorpayWebhooks

ORDER, PAYMENT, REFUND, DISPUTE = "order", "payment", "refund", "dispute"
_MANUAL_CAPTURE = "manual"
_KEY_PATTERN = re.compile(r"[A-Za-z0-9_-]{10,}")

Query = Mapping[str, str]


class FakeRazorpay(FakeGateway):
    """The fake of Razorpay."""

    payable_path = "orders"

    def __init__(
        self,
        state: Path | None = None,
        webhook_url: str = "",
        webhook_secret: str = "razorpay_test",
    ) -> None:
        super().__init__(state)
        self.webhooks = RazorpayWebhooks(self.store, self.faults, webhook_url, webhook_secret)
        self.app = RazorpayApi(self).create_app(control_routes(self))

    def create_order(self, body: JsonObject) -> JsonObject:
        """POST /v1/orders. Not idempotent: an order has no idempotency key."""
        order = orders.created(body)
        with self.store.transaction():
            self.store.put(ORDER, order["id"], order)
            if not orders.captures_automatically(body):
                self.store.put(_MANUAL_CAPTURE, order["id"], {})
        return order

    def order(self, identifier: str) -> JsonObject:
        """GET /v1/orders/:id."""
        return self._get(ORDER, identifier)

    def list_orders(self, query: Query) -> JsonObject:
        """GET /v1/orders, with their payments for `expand[]=payments`."""
        page = lists.page(self.store.list_all(ORDER), query)
        if query.get("expand[]") != "payments":
            return page
        return lists.collection(
            [
                {**order, "payments": lists.collection(self.payments(order["id"]))}
                for order in page["items"]
            ]
        )

    def list_payments(self, order_id: str) -> JsonObject:
        """GET /v1/orders/:id/payments."""
        return lists.collection(self.payments(self.order(order_id)["id"]))

    def payments(self, order_id: str) -> list[JsonObject]:
        """Return the attempts to pay an order, newest first."""
        return [each for each in self.store.list_all(PAYMENT) if each["order_id"] == order_id]

    def list_refunds(self, payment_id: str, query: Query) -> JsonObject:
        """GET /v1/payments/:id/refunds."""
        self._get(PAYMENT, payment_id)
        refunds = self.store.list_all(REFUND)
        return lists.page([each for each in refunds if each["payment_id"] == payment_id], query)

    def create_refund(self, payment_id: str, body: JsonObject, key: str | None) -> JsonObject:
        """POST /v1/payments/:id/refund. Idempotent with the key of X-Refund-Idempotency."""
        refund_payment = partial(self._refund_payment, payment_id, body)
        return self._execute_once(key, [payment_id, body], refund_payment)

    def decisions(self) -> Decisions:
        """Return what the customer and the bank can decide about an order."""
        return {
            "approve": self.approve,
            "authorize": self.authorize,
            "refuse": self.refuse,
            "fail": partial(self.refuse, soft=True),
        }

    def approve(self, order_id: str) -> JsonObject:
        """Pay as the customer in Razorpay's checkout, or capture what is authorized."""
        with self.store.transaction():
            order, payment = self._current_attempt(order_id)
            if self.store.get(_MANUAL_CAPTURE, order_id) is not None:
                return self._save(order, payment, "payment.authorized")
            order, payment = orders.captured(order, payment)
            return self._save(order, payment, "payment.captured", "order.paid")

    def authorize(self, order_id: str) -> JsonObject:
        """Authorize a payment without capturing it. `approve` or `refuse` follows."""
        with self.store.transaction():
            order, payment = self._current_attempt(order_id)
            return self._save(order, payment, "payment.authorized")

    def refuse(self, order_id: str, soft: bool = False) -> JsonObject:
        """Decline a payment or, if soft, fail it as if the bank were unavailable."""
        with self.store.transaction():
            order, payment = self._current_attempt(order_id)
            return self._save(order, orders.failed(payment, soft), "payment.failed")

    def refund_at_dashboard(self, identifier: str, amount: int | None) -> JsonObject:
        """Refund without the notes of a client."""
        payment = self._captured_payment(identifier)
        return self.create_refund(payment["id"], {"amount": amount} if amount else {}, None)

    def dispute(self, identifier: str, status: str) -> JsonObject:
        """Open or close a dispute: https://razorpay.com/docs/payments/disputes."""
        with self.store.transaction():
            payment = self._captured_payment(identifier)
            dispute = orders.disputed(payment, status)
            self.store.put(DISPUTE, dispute["id"], dispute)
            kind = "payment.dispute.created" if status == "open" else f"payment.dispute.{status}"
            self.webhooks.emit(kind, {"dispute": dispute, "payment": payment})
        return dispute

    def retrieve_dispute(self, identifier: str) -> JsonObject:
        """GET /v1/disputes/:id."""
        return self._get(DISPUTE, identifier)

    def payment(self, identifier: str) -> JsonObject:
        """GET /v1/payments/:id."""
        return self._get(PAYMENT, identifier)

    def _captured_payment(self, order_id: str) -> JsonObject:
        for payment in self.payments(order_id):
            if payment["captured"]:
                return payment
        raise not_found()

    def fail_refund(self, identifier: str) -> JsonObject:
        """Fail a refund that had succeeded, as the customer's bank can days later."""
        with self.store.transaction():
            refund = self._get(REFUND, identifier)
            payment, failed = orders.refund_failed(self._get(PAYMENT, refund["payment_id"]), refund)
            self.store.put(PAYMENT, payment["id"], payment)
            self.store.put(REFUND, identifier, failed)
            self.webhooks.emit("refund.failed", {"refund": failed, "payment": payment})
        return failed

    def amounts(self) -> Iterator[tuple[str, int, int]]:
        """Yield the order id in the notes, and the amounts captured and refunded."""
        payments = self.store.list_all(PAYMENT)
        for order in self.store.list_all(ORDER):
            captured = [
                payment
                for payment in payments
                if payment["order_id"] == order["id"] and payment["captured"]
            ]
            yield (
                str((order["notes"] or {}).get("orderId", "")),
                sum(payment["amount"] for payment in captured),
                sum(payment["amount_refunded"] for payment in captured),
            )

    def _current_attempt(self, order_id: str) -> tuple[JsonObject, JsonObject]:
        order = self.order(order_id)
        authorized = [each for each in self.payments(order_id) if each["status"] == "authorized"]
        return (order, authorized[0]) if authorized else orders.attempted(order)

    def _save(self, order: JsonObject, payment: JsonObject, *events: str) -> JsonObject:
        """Store an order and its payment, and emit events about them."""
        self.store.put(ORDER, order["id"], order)
        self.store.put(PAYMENT, payment["id"], payment)
        for kind in events:
            subject = {"payment": payment, **({"order": order} if kind == "order.paid" else {})}
            self.webhooks.emit(kind, subject)
        return payment

    def _refund_payment(self, payment_id: str, body: JsonObject) -> JsonObject:
        payment, refund = orders.refunded(self._get(PAYMENT, payment_id), body)
        self.store.put(PAYMENT, payment_id, payment)
        self.store.put(REFUND, refund["id"], refund)
        self.webhooks.emit("refund.processed", {"refund": refund, "payment": payment})
        return refund

    def _execute_once(
        self, key: str | None, request: Any, execute: Callable[[], JsonObject]
    ) -> JsonObject:
        """Execute a request, or repeat what was responded to its key.

        https://razorpay.com/docs/api/refunds/normal-refunds-idempotent
        """
        if key and not _KEY_PATTERN.fullmatch(key):
            raise bad_request(
                "The idempotency key must be at least 10 letters, figures, hyphens and underscores."
            )
        request_fingerprint = fingerprint(json.dumps(request, sort_keys=True))
        with self.store.transaction():
            if not key:
                return execute()
            try:
                recorded = self.keys.find(key, request_fingerprint)
            except KeyReused:
                raise bad_request(
                    "Different request body sent with the same idempotency key."
                ) from None
            if recorded:
                repeated: JsonObject = recorded["answer"]
                return repeated
            response = execute()
            self.keys.record(key, request_fingerprint, answer=response)
            return response

    def _get(self, kind: str, identifier: str) -> JsonObject:
        item = self.store.get(kind, identifier)
        if item is None:
            raise not_found()
        return item
