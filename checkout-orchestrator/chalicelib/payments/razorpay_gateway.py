"""Razorpay: the second adapter of the port. An intent is a Razorpay order: https://razorpay.com/docs/payments/orders.

An order takes any number of attempts, each a payment of its own, of which one at most is captured. The customer makes them in
Razorpay's own checkout, which alone sees the card or the UPI address.

Spoken to with `requests`, as Razorpay's SDK drops the status of an answer (a wrong key, a refusal and "too many requests" are then
one error), fails on an answer that is not JSON, prints to the standard output, and trusts the certificates that came in its package.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any

from chalicelib.payments import gateway
from chalicelib.payments.errors import (
    AlreadyRefunded,
    GatewayUnavailable,
    InvalidSignature,
    PaymentRejected,
)
from chalicelib.payments.gateway import Intent, Webhook
from common import settings

SECRET = "commerce/razorpay"  # noqa: S105 - the name of a secret
_BASE = "https://api.razorpay.com"
_TIMEOUT_SECONDS = 5  # three calls must fit in a step's 20 s, with room for the tables
_PAGE = 100
_BUSY = (409, 429)
# What may pass by itself, against BAD_REQUEST_ERROR, a refusal: https://razorpay.com/docs/errors/codes.
_SOFT = {"GATEWAY_ERROR", "SERVER_ERROR"}
_REFUND_FAILED = "refund.failed"  # https://razorpay.com/docs/webhooks/refunds

Thing = dict[str, Any]


class Razorpay:
    """The gateway behind UPI, and wherever the setting says so."""

    name = "razorpay"

    def __init__(self) -> None:
        self.secret = gateway.Secret(SECRET, ("keyId", "keySecret", "webhookSecret"))

    def create(
        self, order_id: str, amount_minor: int, currency: str, method: str, key: str
    ) -> Intent:
        """See the port. What the customer pays is captured at once; with what, they choose in the checkout.

        Razorpay has no idempotency key for this. The order made earlier is found by its receipt; should two be made at the same
        moment, the earliest counts, and an order that nobody is shown is never paid.
        """
        receipt = _digest(key)
        if made := self._call("GET", "/v1/orders", {"receipt": receipt})["items"]:
            return self._intent(made[-1], self._payments(made[-1]["id"]))
        given = {
            "amount": amount_minor,
            "currency": currency,
            "receipt": receipt,
            "notes": {"orderId": order_id},
            "partial_payment": False,
            "payment_capture": True,
        }
        return self._intent(self._call("POST", "/v1/orders", given), [])

    def retrieve(self, intent_id: str) -> Intent:
        """See the port."""
        return self._intent(self._call("GET", f"/v1/orders/{intent_id}"), self._payments(intent_id))

    def confirm(self, intent_id: str, payment_method: str, method: str, key: str) -> Intent:
        """See the port. Only the customer can pay, in the checkout: this tells how far they are."""
        return self.retrieve(intent_id)

    def cancel(self, intent_id: str) -> Intent:
        """How the order is, with CANCELLED for one that nobody has paid or is just paying.

        Nothing changes at Razorpay, where an order stays open: it is the shop's own row that stops it. A customer who pays
        nevertheless is CAPTURED when the webhook comes, and gets the money back.
        """
        found = self.retrieve(intent_id)
        if found.status != gateway.WAITING:
            return found
        return Intent(
            found.id,
            gateway.CANCELLED,
            found.amount,
            found.currency,
            found.order_id,
            decline=found.decline,
        )

    def refund(
        self, intent_id: str, key: str, amount_minor: int | None = None, attempt: int = 1
    ) -> str | None:
        """See the port. Raises PaymentRejected if Razorpay says that it cannot: a person must look at it."""
        payment = _captured(self._payments(intent_id))
        if payment is None:
            raise PaymentRejected(
                f"nothing was captured for {intent_id}, so nothing can be given back"
            )
        made = self._made(payment["id"], key)
        left = payment["amount"] - payment["amount_refunded"]
        if made is None and left <= 0:
            return None
        try:
            made = made or self._refunded(
                payment["id"], key, left if amount_minor is None else amount_minor, attempt
            )
        except AlreadyRefunded:
            return None
        if made["status"] == "failed":
            # Not made again by itself: for a while, Razorpay would answer the same idempotency key as if it had been.
            raise PaymentRejected(f"the refund {made['id']} failed at the customer's bank")
        return str(made["id"])

    def listed(self, since: int, until: int) -> Iterator[Intent]:
        """See the port."""
        asked = {"from": since, "to": until - 1, "expand[]": "payments"}
        for order in self._pages("/v1/orders", asked):
            yield self._intent(order, order["payments"]["items"])

    def read_webhook(self, body: bytes | str, headers: Mapping[str, str]) -> Webhook:
        """See the port. Razorpay does not sign when: an old webhook may be sent again by anybody who has seen it.

        Most name the Razorpay order only, so that is asked for; the notes of a payment come from the customer's browser and
        prove nothing.
        """
        found = {name.lower(): value for name, value in headers.items()}
        event = self._verified(body, found.get("x-razorpay-signature"))
        about = event.get("payload") or {}
        order = (about.get("order") or {}).get("entity") or {}
        intent_id = order.get("id") or ((about.get("payment") or {}).get("entity") or {}).get(
            "order_id"
        )
        if intent_id and not order:
            order = self._call("GET", f"/v1/orders/{intent_id}")
        event_id = found.get("x-razorpay-event-id") or hashlib.sha256(_raw(body)).hexdigest()
        refund = (about.get("refund") or {}).get("entity") or {}
        failed = refund.get("id") if event.get("event") == _REFUND_FAILED else None
        return Webhook(
            self.name, event_id, str(event.get("event")), intent_id, _order_of(order), failed
        )

    def _verified(self, body: bytes | str, signature: str | None) -> Thing:
        """The event, if the gateway signed exactly these bytes: https://razorpay.com/docs/webhooks/validate-test."""
        secret = self.secret.value()["webhookSecret"].encode()
        try:
            expected = hmac.new(secret, _raw(body), hashlib.sha256).hexdigest()
            if hmac.compare_digest(expected.encode(), (signature or "").encode()):
                event = json.loads(body)
                if isinstance(event, dict):
                    return event
        except ValueError:  # not UTF-8, or not JSON
            pass
        raise InvalidSignature("X-Razorpay-Signature: not a signature of this body by the gateway")

    def _intent(self, order: Thing, payments: list[Thing]) -> Intent:
        """Payments come newest first; the last attempt tells why it failed."""
        captured, status = _captured(payments), _status(payments)
        problem = payments[0] if status == gateway.WAITING and payments else {}
        is_refused = problem.get("status") == "failed"
        return Intent(
            id=order["id"],
            status=status,
            amount=order["amount"],
            currency=order["currency"],
            order_id=_order_of(order),
            received=captured["amount"] if captured else 0,
            refunded=captured["amount_refunded"] if captured else 0,
            decline=(problem["error_description"] or "the payment was declined")
            if is_refused
            else None,
            decline_code=problem.get("error_reason") if is_refused else None,
            is_soft=is_refused and problem["error_code"] in _SOFT,
            action=self._action(order["id"], status),
        )

    def _action(self, intent_id: str, status: str) -> dict[str, str] | None:
        """What the checkout in the customer's client needs: https://razorpay.com/docs/payments/payment-gateway/web-integration."""
        if status == gateway.WAITING:
            key_id = self.secret.value()["keyId"]
            return {"type": "RAZORPAY_CHECKOUT", "razorpayOrderId": intent_id, "keyId": key_id}
        return {"type": "WAIT"} if status == gateway.PROCESSING else None

    def _payments(self, intent_id: str) -> list[Thing]:
        found = self._call("GET", f"/v1/orders/{intent_id}/payments")["items"]
        return sorted(found, key=lambda payment: payment["created_at"], reverse=True)

    def _made(self, payment_id: str, key: str) -> Thing | None:
        """The refund that was made with this key, however long ago."""
        for made in self._pages(f"/v1/payments/{payment_id}/refunds", {}):
            if (made["notes"] or {}).get("refundKey") == key:
                return made
        return None

    def _refunded(self, payment_id: str, key: str, amount_minor: int, attempt: int) -> Thing:
        # The amount is part of it, as Razorpay takes an idempotency key for one body only.
        once = {"X-Refund-Idempotency": _digest(f"{key}:{attempt}:{amount_minor}")}
        given = {"amount": amount_minor, "notes": {"refundKey": key}}
        return self._call("POST", f"/v1/payments/{payment_id}/refund", given, once)

    def _pages(self, path: str, asked: Thing) -> Iterator[Thing]:
        """All of a list, newest first."""
        for skip in count(0, _PAGE):
            found = self._call("GET", path, {**asked, "count": _PAGE, "skip": skip})["items"]
            yield from found
            if len(found) < _PAGE:
                return

    def _call(
        self,
        verb: str,
        path: str,
        given: Thing | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Thing:
        """One call, never repeated here: whoever calls does, and waiting would only use up the Lambda's time."""
        import requests

        keys, base = self.secret.value(), settings.optional("RAZORPAY_API_BASE") or _BASE
        try:
            answer = _session().request(
                verb,
                f"{base}{path}",
                params=given if verb == "GET" else None,
                json=given if verb == "POST" else None,
                headers=headers,
                auth=(keys["keyId"], keys["keySecret"]),
                timeout=_TIMEOUT_SECONDS,
            )
            if answer.ok:
                return answer.json()
        except requests.RequestException as problem:
            raise GatewayUnavailable(f"the payment gateway does not answer: {problem}") from problem
        raise self._refusal(answer, is_keyed=bool(headers))

    def _refusal(self, answer: Any, is_keyed: bool) -> Exception:
        """The gateway's errors as the shop's: may it be repeated, or is it ours."""
        status, words = answer.status_code, _words(answer)
        if words is None:  # not Razorpay's own answer, but that of something before it
            return GatewayUnavailable(f"the payment gateway does not answer: HTTP status {status}")
        if status >= 500:
            return GatewayUnavailable(f"the payment gateway failed: {words}", answered=is_keyed)
        if status in _BUSY:
            return GatewayUnavailable(f"the payment gateway is busy: {words}")
        if status == 401:
            self.secret.forget()
            return PaymentRejected(f"the payment gateway does not take the shop's key: {words}")
        if "fully refunded already" in words:  # it has no code of its own
            return AlreadyRefunded(words)
        return PaymentRejected(words)


def _status(payments: list[Thing]) -> str:
    """A refused payment leaves the order open for the customer's next, and so does one that is not authorized yet."""
    if _captured(payments):
        return gateway.CAPTURED
    if any(payment["status"] == "authorized" for payment in payments):
        return gateway.PROCESSING
    return gateway.WAITING


def _captured(payments: list[Thing]) -> Thing | None:
    """The one payment whose money the shop got, also if it was given back since."""
    return next((payment for payment in payments if payment["captured"]), None)


def _order_of(order: Thing) -> str | None:
    """The shop's order; where there are no notes, Razorpay has an empty list."""
    return (order.get("notes") or {}).get("orderId")


def _words(answer: Any) -> str | None:
    try:
        return str(answer.json()["error"]["description"])
    except (ValueError, KeyError, TypeError):
        return None


def _digest(key: str) -> str:
    """A key in the letters and the length that Razorpay takes, in a receipt as in an idempotency key: 40 hexadecimal figures."""
    return hashlib.sha256(key.encode()).hexdigest()[:40]


def _raw(body: bytes | str) -> bytes:
    return body if isinstance(body, bytes) else body.encode()


@cache
def _session() -> Any:
    """Connections are kept between the calls of a Lambda."""
    import requests

    return requests.Session()
