"""The adapter for Stripe. An intent is a PaymentIntent.

https://docs.stripe.com/payments/paymentintents/lifecycle
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from chalicelib.payments.errors import (
    AlreadyRefunded,
    GatewayUnavailable,
    IntentStateConflict,
    InvalidSignature,
    PaymentDeclined,
    PaymentMethodInvalid,
    PaymentRejected,
    RefundFailed,
)
from chalicelib.payments.gateways import stripe_objects
from chalicelib.payments.gateways.credentials import GatewayCredentials
from chalicelib.payments.gateways.port import (
    DisputeStatus,
    GatewayDispute,
    GatewayRefund,
    Intent,
    IntentStatus,
    Webhook,
)
from common import lazy_imports, settings
from common.pages import Page

with lazy_imports.until_first_use(unless=""):  # in the routes' Lambda, too: most need no SDK
    import stripe

SECRET = "commerce/stripe"  # noqa: S105 - the name of a secret
_TIMEOUT_SECONDS = 5  # three calls must fit in a step's 20 s, with room for the tables
_PAGE = 100
_TYPES = {"CARD": "card", "UPI": "upi"}
_BUSY_CODES = {"lock_timeout", "idempotency_key_in_use", "rate_limit"}
_EXPANDED = ["latest_charge"]
# An inquiry that is closed takes no money; all others that are not decided are open.
_DISPUTE_STATUSES = {
    "won": DisputeStatus.WON,
    "warning_closed": DisputeStatus.WON,
    "lost": DisputeStatus.LOST,
}


class Stripe:
    """The gateway of cards, and of other types where the setting says so."""

    name = stripe_objects.NAME

    def __init__(self) -> None:
        self._credentials = GatewayCredentials(SECRET, ("apiKey", "webhookSecret"))

    def forget_keys(self) -> None:
        """See the port."""
        self._credentials.clear()

    def create_intent(
        self,
        order_id: str,
        amount_minor: int,
        currency: str,
        payment_method_type: str,
        key: str,
    ) -> Intent:
        """See the port. A PaymentIntent charges nothing until it is confirmed."""
        params = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "payment_method_types": [_TYPES[payment_method_type]],
            "metadata": {"orderId": order_id, "stage": settings.text("STAGE")},
            "description": order_id,
        }
        with self._translate_errors():
            intents = self._client().v1.payment_intents
            return stripe_objects.to_intent(intents.create(params, {"idempotency_key": key}))

    def retrieve_intent(self, intent_id: str) -> Intent:
        """See the port."""
        with self._translate_errors():
            intents = self._client().v1.payment_intents
            return stripe_objects.to_intent(intents.retrieve(intent_id, {"expand": _EXPANDED}))

    def confirm_intent(
        self, intent_id: str, payment_method: str, payment_method_type: str, key: str
    ) -> Intent:
        """See the port."""
        params = {
            "payment_method": payment_method,
            "payment_method_types": [_TYPES[payment_method_type]],
            "use_stripe_sdk": True,  # the client takes the bank's page from the client secret
        }
        try:
            with self._translate_errors():
                intents = self._client().v1.payment_intents
                return stripe_objects.to_intent(
                    intents.confirm(intent_id, params, {"idempotency_key": key})
                )
        except (IntentStateConflict, PaymentDeclined) as exc:
            return self._intent_after(intent_id, exc)

    def cancel_intent(self, intent_id: str) -> Intent:
        """See the port."""
        try:
            with self._translate_errors():
                return stripe_objects.to_intent(self._client().v1.payment_intents.cancel(intent_id))
        except IntentStateConflict:
            return self.retrieve_intent(intent_id)

    def create_refund(
        self, intent_id: str, key: str, amount_minor: int | None = None, attempt: int = 1
    ) -> str | None:
        """See the port."""
        params: dict[str, Any] = {"payment_intent": intent_id, "metadata": {"refundKey": key}}
        options = {"idempotency_key": f"{key}:{attempt}"}
        if amount_minor is not None:
            params["amount"] = amount_minor
        try:
            with self._translate_errors():
                refund = self._find_refund(intent_id, key)
                refund = refund or self._client().v1.refunds.create(params, options)
        except AlreadyRefunded:
            return None
        if refund.status not in stripe_objects.REFUND_MADE:
            raise RefundFailed(
                f"the refund {refund.id} ended as {refund.status}: {refund.failure_reason}"
            )
        return str(refund.id)

    def list_refunds(self, intent_id: str) -> list[GatewayRefund]:
        """See the port."""
        params = {"payment_intent": intent_id, "limit": _PAGE}
        with self._translate_errors():
            refunds = self._client().v1.refunds.list(params)
            return [
                stripe_objects.to_refund(refund.to_dict()) for refund in refunds.auto_paging_iter()
            ]

    def retrieve_dispute(self, dispute_id: str) -> GatewayDispute:
        """See the port. https://docs.stripe.com/api/disputes/object."""
        with self._translate_errors():
            dispute = self._client().v1.disputes.retrieve(dispute_id).to_dict()
        return GatewayDispute(
            id=dispute["id"],
            intent_id=dispute["payment_intent"],
            amount=dispute["amount"],
            status=_DISPUTE_STATUSES.get(dispute["status"], DisputeStatus.OPEN),
            reason=dispute["reason"],
            evidence_due_by=(dispute.get("evidence_details") or {}).get("due_by"),
        )

    def list_intents(self, since: int, until: int, cursor: str | None = None) -> Page[Intent]:
        """See the port. The cursor is the last intent's id, newest first."""
        params: dict[str, Any] = {
            "created": {"gte": since, "lt": until},
            "limit": _PAGE,
            "expand": ["data.latest_charge"],
        }
        if cursor:
            params["starting_after"] = cursor
        with self._translate_errors():
            listed = self._client().v1.payment_intents.list(params)
            intents = [stripe_objects.to_intent(intent) for intent in listed.data]
        return Page(intents, intents[-1].id if listed.has_more else None)

    def read_webhook(self, body: bytes | str, headers: Mapping[str, str]) -> Webhook:
        """See the port. Rejects also what Stripe signed more than five minutes ago."""
        signature = {name.lower(): value for name, value in headers.items()}.get("stripe-signature")
        secret = self._credentials.get()["webhookSecret"]
        try:
            event = stripe.Webhook.construct_event(body, signature, secret).to_dict()
            return stripe_objects.to_webhook(event)
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError):
            raise InvalidSignature(
                "Stripe-Signature: not a signature of this body by the gateway"
            ) from None

    def _intent_after(self, intent_id: str, exc: IntentStateConflict | PaymentDeclined) -> Intent:
        """Retrieve the intent. An invalid payment method leaves no trace on it."""
        intent = self.retrieve_intent(intent_id)
        if isinstance(exc, IntentStateConflict):
            return intent
        if intent.status in (IntentStatus.CAPTURED, IntentStatus.CANCELLED):
            return intent
        if isinstance(exc, PaymentMethodInvalid) or intent.status == IntentStatus.NEW:
            return replace(intent, status=IntentStatus.DECLINED, decline=str(exc), is_soft=False)
        return intent

    def _find_refund(self, intent_id: str, key: str) -> Any:
        """Find the refund with this key, of any age and status."""
        refunds = self._client().v1.refunds.list({"payment_intent": intent_id, "limit": _PAGE})
        for refund in refunds.auto_paging_iter():
            if (refund.to_dict().get("metadata") or {}).get("refundKey") == key:
                return refund
        return None

    def _client(self) -> Any:
        return _client_for(self._credentials.get()["apiKey"], settings.optional("STRIPE_API_BASE"))

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise the port's errors for the SDK's."""
        try:
            yield
        except stripe.CardError as exc:
            raise PaymentDeclined(exc.user_message or "the card was declined") from exc
        except (stripe.APIConnectionError, stripe.RateLimitError) as exc:
            raise GatewayUnavailable(f"the payment gateway does not answer: {exc}") from exc
        except (stripe.InvalidRequestError, stripe.IdempotencyError) as exc:
            raise _translate_invalid_request(exc) from exc
        except (stripe.AuthenticationError, stripe.PermissionError) as exc:
            self._credentials.clear()
            raise PaymentRejected(
                f"the payment gateway does not take the shop's key: {exc}"
            ) from exc
        except stripe.StripeError as exc:
            answered = (exc.http_status or 0) >= 500
            raise GatewayUnavailable(
                f"the payment gateway failed: {exc}", answered=answered
            ) from exc


def _translate_invalid_request(exc: Any) -> Exception:
    if exc.code == "payment_intent_unexpected_state":
        return IntentStateConflict(str(exc))
    if exc.code == "charge_already_refunded":
        return AlreadyRefunded(str(exc))
    if exc.code in _BUSY_CODES or exc.http_status in (409, 429):
        return GatewayUnavailable(f"the payment gateway is busy with this payment: {exc}")
    if getattr(exc, "param", None) == "payment_method":
        return PaymentMethodInvalid(exc.user_message or "this payment method cannot be used")
    return PaymentRejected(exc.user_message or str(exc))


@cache
def _client_for(api_key: str, base: str | None) -> Any:
    # The caller retries (Step Functions, a queue, the customer): a Lambda that waits costs money.
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": base} if base else {},
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
        max_network_retries=0,
    )
