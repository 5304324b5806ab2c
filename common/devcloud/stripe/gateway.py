"""The verbs of the gateway: each changes its books and tells whoever listens, all or nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from devcloud.gateways.fake import StandIn, Totals
from devcloud.stripe import api, control, intents, lists
from devcloud.stripe.errors import absent, declined, missing
from devcloud.stripe.idempotency import Answer, Keys
from devcloud.stripe.payment_methods import UNDECIDED
from devcloud.stripe.webhooks import Webhooks

INTENT, REFUND = "payment_intent", "refund"
_TOLD = {
    "succeeded": "payment_intent.succeeded",
    "requires_payment_method": "payment_intent.payment_failed",
    "requires_action": "payment_intent.requires_action",
    "processing": "payment_intent.processing",
    "canceled": "payment_intent.canceled",
}

Thing = dict[str, Any]


class Gateway(StandIn):
    """The stand-in for Stripe."""

    def __init__(
        self, state: Path | None = None, webhook_url: str = "", webhook_secret: str = "whsec_test"
    ) -> None:
        super().__init__(state)
        self.webhooks = Webhooks(self.store, self.switches, webhook_url, webhook_secret)
        self.keys = Keys(self.store)
        self.app = api.create_app(self, control.routes(self))

    def forget_keys(self) -> None:
        """Know no idempotency key any more, as after a day."""
        self.keys.forget()

    def create_intent(self, params: Thing) -> Answer:
        """POST /v1/payment_intents."""
        with self.store.transaction():
            intent = intents.created(params)
            self.store.put(INTENT, intent["id"], intent)
            if params.get("confirm") == "true":
                return self.confirm_intent(intent["id"], params)
        return 200, intent

    def list_intents(self, url: str, params: Thing) -> Answer:
        """GET /v1/payment_intents."""
        status, found = lists.page(url, self.store.all(INTENT), params)
        return status, {
            **found,
            "data": [self.expanded(each, params, "data.") for each in found["data"]],
        }

    def confirm_intent(self, identifier: str, params: Thing) -> Answer:
        """POST /v1/payment_intents/{id}/confirm; a decline is an answer, and is kept like one."""
        if self.switches.count_down("soft_declines"):
            params = {**params, "payment_method": UNDECIDED}
        intent = self.change(identifier, lambda found: intents.confirmed(found, params))
        if intent["last_payment_error"]:
            refusal = declined(intent)
            return refusal.status, refusal.body
        return 200, intent

    def cancel_intent(self, identifier: str, params: Thing) -> Answer:
        """POST /v1/payment_intents/{id}/cancel."""
        return 200, self.change(identifier, lambda found: intents.canceled(found, params))

    def create_refund(self, params: Thing) -> Answer:
        """POST /v1/refunds, of an intent or of its charge."""
        with self.store.transaction():
            intent = self._paid(params)
            made = intents.refund(intent, self.refunded(intent["id"]), params)
            self.store.put(REFUND, made["id"], made)
            self.webhooks.tell("charge.refunded", self.charge(intent))
        return 200, made

    def intent(self, identifier: str) -> Thing:
        """The intent; 404 if there is none."""
        found = self.store.get(INTENT, identifier)
        if found is None:
            raise missing("payment_intent", identifier)
        return found

    def refund(self, identifier: str) -> Thing:
        """The refund; 404 if there is none."""
        found = self.store.get(REFUND, identifier)
        if found is None:
            raise missing("refund", identifier, "id")
        return found

    def change(self, identifier: str, verb: Callable[[Thing], Thing]) -> Thing:
        """Let the verb change the intent, alone, and tell whoever listens."""
        with self.store.transaction():
            changed = verb(self.intent(identifier))
            self.store.put(INTENT, identifier, changed)
            self.webhooks.tell(_TOLD[changed["status"]], changed)
        return changed

    def refunded(self, intent_id: str) -> int:
        """Minor units given back so far."""
        return sum(
            made["amount"] for made in self._arrived() if made["payment_intent"] == intent_id
        )

    def fail_refund(self, identifier: str) -> Thing:
        """The customer's bank sends the money back, days later: https://docs.stripe.com/refunds#failed-refunds."""
        with self.store.transaction():
            failed = {
                **self.refund(identifier),
                "status": "failed",
                "failure_reason": "expired_or_canceled_card",
            }
            self.store.put(REFUND, identifier, failed)
            self.webhooks.tell("refund.failed", failed)
        return failed

    def expanded(self, intent: Thing, params: Thing, within: str = "") -> Thing:
        """The intent with its charge in full, if it is asked for so: https://docs.stripe.com/api/expanding_objects."""
        if intent["latest_charge"] and f"{within}latest_charge" in params.get("expand", []):
            return {**intent, "latest_charge": self.charge(intent)}
        return intent

    def charges(self, params: Thing) -> list[Thing]:
        """The charges, of one intent if it is named."""
        intent_id = params.get("payment_intent")
        found = [self.intent(intent_id)] if intent_id else self.store.all(INTENT)
        return [self.charge(intent) for intent in found if intent["latest_charge"]]

    def charge(self, intent: Thing) -> Thing:
        """The charge of a succeeded intent."""
        back = self.refunded(intent["id"])
        return {
            "id": intent["latest_charge"],
            "object": "charge",
            "amount": intent["amount"],
            "amount_captured": intent["amount_received"],
            "amount_refunded": back,
            "captured": True,
            "paid": True,
            "refunded": back == intent["amount_received"],
            "payment_intent": intent["id"],
            "payment_method": intent["payment_method"],
            "metadata": intent["metadata"],
            "currency": intent["currency"],
            "status": "succeeded",
        }

    def totals(self) -> Totals:
        """By the order in the metadata: minor units captured and given back, and how many intents there are."""
        back: dict[str, int] = {}
        with self.store.lock:
            found, refunds = self.store.all(INTENT), self._arrived()
        for made in refunds:
            back[made["payment_intent"]] = back.get(made["payment_intent"], 0) + made["amount"]
        sums: Totals = {}
        for intent in found:
            order_id = intent["metadata"].get("orderId", "")
            row = sums.setdefault(order_id, {"captured": 0, "refunded": 0, "intents": 0})
            row["captured"] += intent["amount_received"]
            row["refunded"] += back.get(intent["id"], 0)
            row["intents"] += 1
        return sums

    def _arrived(self) -> list[Thing]:
        return [made for made in self.store.all(REFUND) if made["status"] != "failed"]

    def _paid(self, params: Thing) -> Thing:
        if params.get("payment_intent"):
            return self.intent(str(params["payment_intent"]))
        if not params.get("charge"):
            raise absent("payment_intent")
        paid = [
            intent
            for intent in self.store.all(INTENT)
            if intent["latest_charge"] == params["charge"]
        ]
        if not paid:
            raise missing("charge", str(params["charge"]), "charge")
        return paid[0]
