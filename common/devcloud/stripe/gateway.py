"""The operations of the fake of Stripe, each one transaction."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from devcloud.gateways.control import control_routes
from devcloud.gateways.fake import Decisions, FakeGateway
from devcloud.gateways.store import JsonObject
from devcloud.stripe import intents, lists
from devcloud.stripe.api import StripeApi
from devcloud.stripe.errors import declined, missing_param, not_found
from devcloud.stripe.idempotency import LIFETIME_SECONDS, Answer
from devcloud.stripe.payment_methods import SOFT_DECLINED
from devcloud.stripe.webhooks import StripeWebhooks

INTENT, REFUND, DISPUTE = "payment_intent", "refund", "dispute"
_EVIDENCE_SECONDS = 7 * 24 * 3600
_DISPUTE_EVENTS = {
    "open": ("charge.dispute.created", "charge.dispute.funds_withdrawn"),
    "won": ("charge.dispute.closed", "charge.dispute.funds_reinstated"),
    "lost": ("charge.dispute.closed",),
}
_EVENTS = {
    "succeeded": "payment_intent.succeeded",
    "requires_payment_method": "payment_intent.payment_failed",
    "requires_action": "payment_intent.requires_action",
    "processing": "payment_intent.processing",
    "canceled": "payment_intent.canceled",
}
_DECISIONS = {
    "approve": intents.approved,
    "refuse": intents.refused,
    "process": intents.processing,
}


class FakeStripe(FakeGateway):
    """The fake of Stripe."""

    key_lifetime_seconds = LIFETIME_SECONDS
    payable_path = "payment_intents"

    def __init__(
        self, state: Path | None = None, webhook_url: str = "", webhook_secret: str = "whsec_test"
    ) -> None:
        super().__init__(state)
        self.webhooks = StripeWebhooks(self.store, self.faults, webhook_url, webhook_secret)
        self.app = StripeApi(self).create_app(control_routes(self))

    def create_intent(self, params: JsonObject) -> Answer:
        """POST /v1/payment_intents."""
        with self.store.transaction():
            intent = intents.created(params)
            self.store.put(INTENT, intent["id"], intent)
            if params.get("confirm") == "true":
                return self.confirm_intent(intent["id"], params)
        return 200, intent

    def list_intents(self, url: str, params: JsonObject) -> Answer:
        """GET /v1/payment_intents."""
        status, page = lists.page(url, self.store.list_all(INTENT), params)
        data = [self.expanded(intent, params, "data.") for intent in page["data"]]
        return status, {**page, "data": data}

    def confirm_intent(self, identifier: str, params: JsonObject) -> Answer:
        """POST /v1/payment_intents/{id}/confirm. Returns a decline, so that it commits."""
        if self.faults.consume("soft_declines"):
            params = {**params, "payment_method": SOFT_DECLINED}
        intent = self.change(identifier, lambda stored: intents.confirmed(stored, params))
        if intent["last_payment_error"]:
            error = declined(intent)
            return error.status, error.body
        return 200, intent

    def cancel_intent(self, identifier: str, params: JsonObject) -> Answer:
        """POST /v1/payment_intents/{id}/cancel."""
        return 200, self.change(identifier, lambda stored: intents.canceled(stored, params))

    def create_refund(self, params: JsonObject) -> Answer:
        """POST /v1/refunds, of an intent or of its charge."""
        with self.store.transaction():
            intent = self._refundable_intent(params)
            refund = intents.refund(intent, self.refunded_amount(intent["id"]), params)
            self.store.put(REFUND, refund["id"], refund)
            self.webhooks.emit("charge.refunded", self.charge(intent))
        return 200, refund

    def intent(self, identifier: str) -> JsonObject:
        """Return an intent. Raises: StripeError 404."""
        intent = self.store.get(INTENT, identifier)
        if intent is None:
            raise not_found("payment_intent", identifier)
        return intent

    def refund(self, identifier: str) -> JsonObject:
        """Return a refund. Raises: StripeError 404."""
        refund = self.store.get(REFUND, identifier)
        if refund is None:
            raise not_found("refund", identifier, "id")
        return refund

    def change(self, identifier: str, transition: Callable[[JsonObject], JsonObject]) -> JsonObject:
        """Store an intent's next state, and emit the event of its status."""
        with self.store.transaction():
            intent = transition(self.intent(identifier))
            self.store.put(INTENT, identifier, intent)
            self.webhooks.emit(_EVENTS[intent["status"]], intent)
        return intent

    def decisions(self) -> Decisions:
        """Return what the customer and the bank can decide about an intent."""
        return {
            name: partial(self.change, transition=transition)
            for name, transition in _DECISIONS.items()
        }

    def refund_at_dashboard(self, identifier: str, amount: int | None) -> JsonObject:
        """Refund without the metadata of a client."""
        about = {"payment_intent": identifier}
        return self.create_refund({**about, "amount": amount} if amount else about)[1]

    def dispute(self, identifier: str, status: str) -> JsonObject:
        """Open or close a dispute: https://docs.stripe.com/disputes/how-disputes-work."""
        with self.store.transaction():
            dispute = _dispute(self.intent(identifier), status)
            self.store.put(DISPUTE, dispute["id"], dispute)
            for kind in _DISPUTE_EVENTS[status]:
                self.webhooks.emit(kind, dispute)
        return dispute

    def retrieve_dispute(self, identifier: str) -> JsonObject:
        """GET /v1/disputes/{id}. Raises: StripeError 404."""
        dispute = self.store.get(DISPUTE, identifier)
        if dispute is None:
            raise not_found("dispute", identifier, "id")
        return dispute

    def fail_refund(self, identifier: str) -> JsonObject:
        """Fail a refund days later: https://docs.stripe.com/refunds#failed-refunds."""
        with self.store.transaction():
            refund = {
                **self.refund(identifier),
                "status": "failed",
                "failure_reason": "expired_or_canceled_card",
            }
            self.store.put(REFUND, identifier, refund)
            self.webhooks.emit("refund.failed", refund)
        return refund

    def refunded_amount(self, intent_id: str) -> int:
        """Minor units refunded so far."""
        refunds = self._successful_refunds()
        return sum(each["amount"] for each in refunds if each["payment_intent"] == intent_id)

    def expanded(self, intent: JsonObject, params: JsonObject, within: str = "") -> JsonObject:
        """Return the intent, with its charge if `expand` names it.

        https://docs.stripe.com/api/expanding_objects
        """
        if intent["latest_charge"] and f"{within}latest_charge" in params.get("expand", []):
            return {**intent, "latest_charge": self.charge(intent)}
        return intent

    def charges(self, params: JsonObject) -> list[JsonObject]:
        """Return the charges of all intents, or of the one named."""
        intent_id = params.get("payment_intent")
        candidates = [self.intent(intent_id)] if intent_id else self.store.list_all(INTENT)
        return [self.charge(intent) for intent in candidates if intent["latest_charge"]]

    def charge(self, intent: JsonObject) -> JsonObject:
        """Return the charge of a succeeded intent."""
        refunded = self.refunded_amount(intent["id"])
        return {
            "id": intent["latest_charge"],
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount_received"],
            "amount_refunded": refunded,
            "captured": True,
            "paid": True,
            "refunded": refunded == intent["amount_received"],
            "payment_intent": intent["id"],
            "payment_method": intent["payment_method"],
            "metadata": intent["metadata"],
            "currency": intent["currency"],
            "status": "succeeded",
        }

    def amounts(self) -> Iterator[tuple[str, int, int]]:
        """Yield the order id in the metadata, and the amounts captured and refunded."""
        refunded: dict[str, int] = {}
        for refund in self._successful_refunds():
            intent_id = refund["payment_intent"]
            refunded[intent_id] = refunded.get(intent_id, 0) + refund["amount"]
        for intent in self.store.list_all(INTENT):
            order_id = intent["metadata"].get("orderId", "")
            yield order_id, intent["amount_received"], refunded.get(intent["id"], 0)

    def _successful_refunds(self) -> list[JsonObject]:
        return [refund for refund in self.store.list_all(REFUND) if refund["status"] != "failed"]

    def _refundable_intent(self, params: JsonObject) -> JsonObject:
        if params.get("payment_intent"):
            return self.intent(str(params["payment_intent"]))
        charge_id = params.get("charge")
        if not charge_id:
            raise missing_param("payment_intent")
        for intent in self.store.list_all(INTENT):
            if intent["latest_charge"] == charge_id:
                return intent
        raise not_found("charge", str(charge_id), "charge")


def _dispute(intent: JsonObject, status: str) -> JsonObject:
    """Return an intent's dispute: https://docs.stripe.com/api/disputes."""
    return {
        "id": f"dp_{intent['id'].removeprefix('pi_')}",
        "object": "dispute",
        "amount": intent["amount"],
        "currency": intent["currency"],
        "charge": intent["latest_charge"],
        "payment_intent": intent["id"],
        "reason": "fraudulent",
        "status": "needs_response" if status == "open" else status,
        "evidence_details": {"due_by": int(time.time()) + _EVIDENCE_SECONDS},
        "metadata": {},
    }
