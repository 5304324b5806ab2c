"""The verbs of the gateway: each changes its books and tells whoever listens, all or nothing."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devcloud.gateways.fake import StandIn, Totals
from devcloud.razorpay import api, control, lists, orders
from devcloud.razorpay.errors import missing, refused
from devcloud.razorpay.webhooks import Webhooks

ORDER, PAYMENT, REFUND = "order", "payment", "refund"
_MANUAL, _KEY = "manual", "idempotency"
_KEY_LOOKS = re.compile(r"[A-Za-z0-9_-]{10,}")

Thing = dict[str, Any]
Asked = Mapping[str, str]


class Gateway(StandIn):
    """The stand-in for Razorpay."""

    def __init__(
        self,
        state: Path | None = None,
        webhook_url: str = "",
        webhook_secret: str = "razorpay_test",
    ) -> None:
        super().__init__(state)
        self.webhooks = Webhooks(self.store, self.switches, webhook_url, webhook_secret)
        self.app = api.create_app(self, control.routes(self))

    def forget_keys(self) -> None:
        """Know no idempotency key any more, as after a day."""
        self.store.clear(_KEY)

    def create_order(self, given: Thing) -> Thing:
        """POST /v1/orders. The same again makes another: an order has no idempotency key."""
        order = orders.created(given)
        with self.store.transaction():
            self.store.put(ORDER, order["id"], order)
            if not orders.captures_by_itself(given):
                self.store.put(_MANUAL, order["id"], {})
        return order

    def order(self, identifier: str) -> Thing:
        """GET /v1/orders/:id."""
        return self._found(ORDER, identifier)

    def list_orders(self, asked: Asked) -> Thing:
        """GET /v1/orders, with their payments if `expand[]=payments` asks for them."""
        page = lists.page(self.store.all(ORDER), asked)
        if asked.get("expand[]") != "payments":
            return page
        return lists.collection(
            [
                {**order, "payments": lists.collection(self.payments(order["id"]))}
                for order in page["items"]
            ]
        )

    def list_payments(self, order_id: str) -> Thing:
        """GET /v1/orders/:id/payments."""
        return lists.collection(self.payments(self.order(order_id)["id"]))

    def payments(self, order_id: str) -> list[Thing]:
        """The attempts to pay this order, newest first."""
        return [made for made in self.store.all(PAYMENT) if made["order_id"] == order_id]

    def list_refunds(self, payment_id: str, asked: Asked) -> Thing:
        """GET /v1/payments/:id/refunds."""
        self._found(PAYMENT, payment_id)
        made = [refund for refund in self.store.all(REFUND) if refund["payment_id"] == payment_id]
        return lists.page(made, asked)

    def create_refund(self, payment_id: str, given: Thing, key: str | None) -> Thing:
        """POST /v1/payments/:id/refund; the same answer to the same X-Refund-Idempotency."""
        return self._once(key, [payment_id, given], lambda: self._refunded(payment_id, given))

    def approve(self, order_id: str) -> Thing:
        """The customer pays in Razorpay's checkout, or the authorized payment is captured."""
        with self.store.transaction():
            order, payment = self._under_way(order_id)
            if self.store.get(_MANUAL, order_id) is not None:
                return self._keep(order, payment, "payment.authorized")
            order, payment = orders.captured(order, payment)
            return self._keep(order, payment, "payment.captured", "order.paid")

    def authorize(self, order_id: str) -> Thing:
        """The customer's bank agrees, and the money is not captured yet: `approve` comes later."""
        with self.store.transaction():
            order, payment = self._under_way(order_id)
            return self._keep(order, payment, "payment.authorized")

    def refuse(self, order_id: str, soft: bool = False) -> Thing:
        """The customer's bank says no, or is out of order; the customer may try again."""
        with self.store.transaction():
            order, payment = self._under_way(order_id)
            return self._keep(order, orders.failed(payment, soft), "payment.failed")

    def fail_refund(self, identifier: str) -> Thing:
        """The customer's bank sends the money of a refund back, days later."""
        with self.store.transaction():
            refund = self._found(REFUND, identifier)
            payment, failed = orders.refund_failed(
                self._found(PAYMENT, refund["payment_id"]), refund
            )
            self.store.put(PAYMENT, payment["id"], payment)
            self.store.put(REFUND, identifier, failed)
            self.webhooks.tell("refund.failed", {"refund": failed, "payment": payment})
        return failed

    def totals(self) -> Totals:
        """By the order of the shop in the notes: minor units captured and given back, and how many orders there are here."""
        sums: Totals = {}
        with self.store.lock:
            found, payments = self.store.all(ORDER), self.store.all(PAYMENT)
        for order in found:
            row = sums.setdefault(_order_of(order), {"captured": 0, "refunded": 0, "intents": 0})
            paid = [
                made for made in payments if made["order_id"] == order["id"] and made["captured"]
            ]
            row["captured"] += sum(made["amount"] for made in paid)
            row["refunded"] += sum(made["amount_refunded"] for made in paid)
            row["intents"] += 1
        return sums

    def _under_way(self, order_id: str) -> tuple[Thing, Thing]:
        order = self.order(order_id)
        authorized = [made for made in self.payments(order_id) if made["status"] == "authorized"]
        return (order, authorized[0]) if authorized else orders.attempted(order)

    def _keep(self, order: Thing, payment: Thing, *told: str) -> Thing:
        self.store.put(ORDER, order["id"], order)
        self.store.put(PAYMENT, payment["id"], payment)
        for kind in told:
            about = (
                {"payment": payment, "order": order}
                if kind == "order.paid"
                else {"payment": payment}
            )
            self.webhooks.tell(kind, about)
        return payment

    def _refunded(self, payment_id: str, given: Thing) -> Thing:
        payment, made = orders.refunded(self._found(PAYMENT, payment_id), given)
        self.store.put(PAYMENT, payment_id, payment)
        self.store.put(REFUND, made["id"], made)
        self.webhooks.tell("refund.processed", {"refund": made, "payment": payment})
        return made

    def _once(self, key: str | None, request: Any, act: Callable[[], Thing]) -> Thing:
        """Razorpay's rules for the key: https://razorpay.com/docs/api/refunds/normal-refunds-idempotent."""
        if key and not _KEY_LOOKS.fullmatch(key):
            raise refused(
                "The idempotency key must be at least 10 letters, figures, hyphens and underscores."
            )
        fingerprint = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        with self.store.transaction():
            kept = self.store.get(_KEY, key) if key else None
            if kept and kept["fingerprint"] != fingerprint:
                raise refused("Different request body sent with the same idempotency key.")
            answer: Thing = kept["answer"] if kept else act()
            if key:
                self.store.put(_KEY, key, {"fingerprint": fingerprint, "answer": answer})
        return answer

    def _found(self, kind: str, identifier: str) -> Thing:
        found = self.store.get(kind, identifier)
        if found is None:
            raise missing()
        return found


def _order_of(order: Thing) -> str:
    return str((order["notes"] or {}).get("orderId", ""))
