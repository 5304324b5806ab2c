"""The adapter for Razorpay. An intent is a Razorpay order.

https://razorpay.com/docs/payments/orders

An order takes any number of attempts, each a payment of its own, of which at most one is
captured. The customer makes them in Razorpay's own checkout, which alone sees the card or the
UPI address.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping

from chalicelib.payments.errors import (
    AlreadyRefunded,
    InvalidSignature,
    PaymentRejected,
    RefundFailed,
)
from chalicelib.payments.gateways.port import (
    DisputeStatus,
    GatewayDispute,
    GatewayRefund,
    Intent,
    IntentStatus,
    Webhook,
)
from chalicelib.payments.gateways.razorpay_api import JsonObject, RazorpayApi
from common import settings
from common.pages import Page

# Retryable, unlike BAD_REQUEST_ERROR, a decline: https://razorpay.com/docs/errors/codes.
_SOFT_DECLINE_CODES = {"GATEWAY_ERROR", "SERVER_ERROR"}
_DISPUTE_STATUSES = {
    "won": DisputeStatus.WON,
    "closed": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}
_REFUND_FAILED = "refund.failed"  # https://razorpay.com/docs/webhooks/refunds


class Razorpay:
    """The gateway of UPI, and of other types where the setting says so."""

    name = "razorpay"

    def __init__(self) -> None:
        self._api = RazorpayApi()

    def forget_keys(self) -> None:
        """See the port."""
        self._api.credentials.clear()

    def create_intent(
        self,
        order_id: str,
        amount_minor: int,
        currency: str,
        payment_method_type: str,
        key: str,
    ) -> Intent:
        """See the port. What the customer pays is captured at once.

        Razorpay has no idempotency key for this: an earlier order is found by its receipt. Of two
        that are created at the same moment the earlier one counts; the other is shown to nobody,
        so it is never paid.
        """
        receipt = _digest(key)
        if orders := self._api.call("GET", "/v1/orders", {"receipt": receipt})["items"]:
            return self._to_intent(orders[-1], self._list_payments(orders[-1]["id"]))
        order = {
            "amount": amount_minor,
            "currency": currency,
            "receipt": receipt,
            "notes": {"orderId": order_id, "stage": settings.text("STAGE")},
            "partial_payment": False,
            "payment_capture": True,
        }
        return self._to_intent(self._api.call("POST", "/v1/orders", order), [])

    def retrieve_intent(self, intent_id: str) -> Intent:
        """See the port."""
        order = self._api.call("GET", f"/v1/orders/{intent_id}")
        return self._to_intent(order, self._list_payments(intent_id))

    def confirm_intent(
        self, intent_id: str, payment_method: str, payment_method_type: str, key: str
    ) -> Intent:
        """Retrieve the intent: only the customer can pay it, in Razorpay's checkout."""
        return self.retrieve_intent(intent_id)

    def cancel_intent(self, intent_id: str) -> Intent:
        """Retrieve the intent, as CANCELLED if nobody has paid or is paying it.

        An order stays open at Razorpay: it is the shop's own row that stops it. If the customer
        pays nevertheless, the webhook finds it captured, and it is refunded.
        """
        intent = self.retrieve_intent(intent_id)
        if intent.status != IntentStatus.WAITING:
            return intent
        return Intent(
            intent.id,
            IntentStatus.CANCELLED,
            intent.amount,
            intent.currency,
            intent.order_id,
            decline=intent.decline,
        )

    def create_refund(
        self, intent_id: str, key: str, amount_minor: int | None = None, attempt: int = 1
    ) -> str | None:
        """See the port."""
        payment = _captured_payment(self._list_payments(intent_id))
        if payment is None:
            raise PaymentRejected(
                f"nothing was captured for {intent_id}, so nothing can be refunded"
            )
        refund = self._find_refund(payment["id"], key)
        left = payment["amount"] - payment["amount_refunded"]
        if refund is None and left <= 0:
            return None
        amount = left if amount_minor is None else amount_minor
        try:
            refund = refund or self._post_refund(payment["id"], key, amount, attempt)
        except AlreadyRefunded:
            return None
        if refund["status"] == "failed":
            # Not repeated: Razorpay would answer the same idempotency key with this refund.
            raise RefundFailed(f"the refund {refund['id']} failed at the customer's bank")
        return str(refund["id"])

    def list_refunds(self, intent_id: str) -> list[GatewayRefund]:
        """See the port."""
        payment = _captured_payment(self._list_payments(intent_id))
        if payment is None:
            return []
        path = f"/v1/payments/{payment['id']}/refunds"
        return [_to_refund(refund) for refund in self._api.list_pages(path, {})]

    def retrieve_dispute(self, dispute_id: str) -> GatewayDispute:
        """See the port. https://razorpay.com/docs/api/disputes."""
        dispute = self._api.call("GET", f"/v1/disputes/{dispute_id}")
        payment = self._api.call("GET", f"/v1/payments/{dispute['payment_id']}")
        return GatewayDispute(
            id=dispute["id"],
            intent_id=payment["order_id"],
            amount=dispute["amount"],
            status=_DISPUTE_STATUSES.get(dispute["status"], DisputeStatus.OPEN),
            reason=dispute["reason_code"],
            evidence_due_by=dispute.get("respond_by"),
        )

    def list_intents(self, since: int, until: int, cursor: str | None = None) -> Page[Intent]:
        """See the port. The cursor is how many are skipped, newest first."""
        query = {"from": since, "to": until - 1, "expand[]": "payments"}
        page = self._api.read_page("/v1/orders", query, int(cursor or 0))
        intents = [self._to_intent(order, order["payments"]["items"]) for order in page.items]
        return Page(intents, page.cursor)

    def read_webhook(self, body: bytes | str, headers: Mapping[str, str]) -> Webhook:
        """See the port. Razorpay signs no time, so an old webhook can be replayed.

        Most webhooks name the Razorpay order only, so it is retrieved; the notes of a payment
        come from the customer's browser and prove nothing.
        """
        lowered = {name.lower(): value for name, value in headers.items()}
        event = self._verify(body, lowered.get("x-razorpay-signature"))
        payload = event.get("payload") or {}
        order = (payload.get("order") or {}).get("entity") or {}
        payment = (payload.get("payment") or {}).get("entity") or {}
        refund = (payload.get("refund") or {}).get("entity") or {}
        dispute = (payload.get("dispute") or {}).get("entity") or {}
        intent_id = order.get("id") or payment.get("order_id")
        if intent_id and not order:
            order = self._api.call("GET", f"/v1/orders/{intent_id}")
        return Webhook(
            gateway=self.name,
            event_id=lowered.get("x-razorpay-event-id") or hashlib.sha256(_raw(body)).hexdigest(),
            kind=str(event.get("event")),
            intent_id=intent_id,
            order_id=_order_id(order),
            failed_refund=refund.get("id") if event.get("event") == _REFUND_FAILED else None,
            is_about_refund=bool(refund),
            dispute_id=dispute.get("id"),
        )

    def _verify(self, body: bytes | str, signature: str | None) -> JsonObject:
        """Parse the event, if the gateway signed exactly these bytes.

        https://razorpay.com/docs/webhooks/validate-test
        """
        secret = self._api.credentials.get()["webhookSecret"].encode()
        try:
            expected = hmac.new(secret, _raw(body), hashlib.sha256).hexdigest()
            if hmac.compare_digest(expected.encode(), (signature or "").encode()):
                event = json.loads(body)
                if isinstance(event, dict):
                    return event
        except ValueError:  # not UTF-8, or not JSON
            pass
        raise InvalidSignature("X-Razorpay-Signature: not a signature of this body by the gateway")

    def _to_intent(self, order: JsonObject, payments: list[JsonObject]) -> Intent:
        """Combine the order with its payments, newest first."""
        captured, status = _captured_payment(payments), _status(payments)
        last = payments[0] if status == IntentStatus.WAITING and payments else {}
        is_declined = last.get("status") == "failed"
        decline = (last.get("error_description") or "the payment was declined") if last else None
        return Intent(
            id=order["id"],
            status=status,
            amount=order["amount"],
            currency=order["currency"],
            order_id=_order_id(order),
            received=captured["amount"] if captured else 0,
            refunded=captured["amount_refunded"] if captured else 0,
            decline=decline if is_declined else None,
            decline_code=last.get("error_reason") if is_declined else None,
            is_soft=is_declined and last["error_code"] in _SOFT_DECLINE_CODES,
            action=self._action(order["id"], status),
        )

    def _action(self, intent_id: str, status: IntentStatus) -> dict[str, str] | None:
        """What the customer's client opens the checkout with.

        https://razorpay.com/docs/payments/payment-gateway/web-integration
        """
        if status == IntentStatus.WAITING:
            key_id = self._api.credentials.get()["keyId"]
            return {"type": "RAZORPAY_CHECKOUT", "razorpayOrderId": intent_id, "keyId": key_id}
        return {"type": "WAIT"} if status == IntentStatus.PROCESSING else None

    def _list_payments(self, intent_id: str) -> list[JsonObject]:
        """List the payments of a Razorpay order, newest first."""
        payments = self._api.call("GET", f"/v1/orders/{intent_id}/payments")["items"]
        return sorted(payments, key=lambda payment: payment["created_at"], reverse=True)

    def _find_refund(self, payment_id: str, key: str) -> JsonObject | None:
        """Find the refund with this key, of any age and status."""
        for refund in self._api.list_pages(f"/v1/payments/{payment_id}/refunds", {}):
            if (refund["notes"] or {}).get("refundKey") == key:
                return refund
        return None

    def _post_refund(
        self, payment_id: str, key: str, amount_minor: int, attempt: int
    ) -> JsonObject:
        # With the amount, as Razorpay takes an idempotency key for one body only.
        headers = {"X-Refund-Idempotency": _digest(f"{key}:{attempt}:{amount_minor}")}
        refund = {"amount": amount_minor, "notes": {"refundKey": key}}
        return self._api.call("POST", f"/v1/payments/{payment_id}/refund", refund, headers)


def _status(payments: list[JsonObject]) -> IntentStatus:
    """The state of a Razorpay order: after a decline it is open for the next."""
    if _captured_payment(payments):
        return IntentStatus.CAPTURED
    if any(payment["status"] == "authorized" for payment in payments):
        return IntentStatus.PROCESSING
    return IntentStatus.WAITING


def _captured_payment(payments: list[JsonObject]) -> JsonObject | None:
    """The one payment that was captured, also if it was refunded since."""
    return next((payment for payment in payments if payment["captured"]), None)


def _order_id(order: JsonObject) -> str | None:
    """The order, of this shop and stage. No notes are an empty list."""
    notes = order.get("notes") or {}
    return notes.get("orderId") if notes.get("stage") == settings.text("STAGE") else None


def _to_refund(refund: JsonObject) -> GatewayRefund:
    return GatewayRefund(
        id=refund["id"],
        amount=refund["amount"],
        key=(refund["notes"] or {}).get("refundKey"),
        is_failed=refund["status"] == "failed",
    )


def _digest(key: str) -> str:
    """Shorten a key to the 40 hex digits that Razorpay takes."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _raw(body: bytes | str) -> bytes:
    return body if isinstance(body, bytes) else body.encode()
