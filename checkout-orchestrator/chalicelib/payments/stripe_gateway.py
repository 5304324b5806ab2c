"""Stripe: the first adapter of the port. An intent is a PaymentIntent: https://docs.stripe.com/payments/paymentintents/lifecycle.

The SDK is imported where it is used: its import takes longer than most of the Lambdas that never need it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from chalicelib.payments import gateway
from chalicelib.payments.errors import (
    AlreadyRefunded,
    GatewayUnavailable,
    IntentMoved,
    InvalidSignature,
    MethodUnknown,
    PaymentDeclined,
    PaymentRejected,
)
from chalicelib.payments.gateway import Intent, Webhook
from common import settings

SECRET = "commerce/stripe"  # noqa: S105 - the name of a secret
_TIMEOUT_SECONDS = 5  # three calls must fit in a step's 20 s, with room for the tables
_PAGE = 100
_TYPES = {"CARD": "card", "UPI": "upi"}
_IN_USE = {"lock_timeout", "idempotency_key_in_use", "rate_limit"}
_STATUSES = {
    "requires_payment_method": gateway.NEW,
    "requires_confirmation": gateway.NEW,
    "requires_action": gateway.WAITING,
    "processing": gateway.PROCESSING,
    "succeeded": gateway.CAPTURED,
    "canceled": gateway.CANCELLED,
}
# What may pass by itself: https://docs.stripe.com/declines/codes, those whose next step is to try again.
_SOFT = {
    "processing_error",
    "issuer_not_available",
    "try_again_later",
    "reenter_transaction",
    "approve_with_id",
}
_MADE = ("succeeded", "pending", "requires_action")
_EXPANDED = ["latest_charge"]
_REFUND_FAILED = "refund.failed"  # https://docs.stripe.com/refunds#failed-refunds


class Stripe:
    """The gateway behind cards, and wherever the setting says so."""

    name = "stripe"

    def __init__(self) -> None:
        self.secret = gateway.Secret(SECRET, ("apiKey", "webhookSecret"))

    def create(
        self, order_id: str, amount_minor: int, currency: str, method: str, key: str
    ) -> Intent:
        """See the port. Unconfirmed, a PaymentIntent charges nobody."""
        params = {
            "amount": amount_minor,
            "currency": currency.lower(),
            "payment_method_types": [_TYPES[method]],
            "metadata": {"orderId": order_id},
            "description": order_id,
        }
        with self._translated():
            return _intent(
                self._client().v1.payment_intents.create(params, {"idempotency_key": key})
            )

    def retrieve(self, intent_id: str) -> Intent:
        """See the port."""
        with self._translated():
            return _intent(
                self._client().v1.payment_intents.retrieve(intent_id, {"expand": _EXPANDED})
            )

    def confirm(self, intent_id: str, payment_method: str, method: str, key: str) -> Intent:
        """See the port."""
        params = {
            "payment_method": payment_method,
            "payment_method_types": [_TYPES[method]],
            "use_stripe_sdk": True,  # the client takes the bank's page from the client secret
        }
        try:
            with self._translated():
                options = {"idempotency_key": key}
                return _intent(
                    self._client().v1.payment_intents.confirm(intent_id, params, options)
                )
        except (IntentMoved, PaymentDeclined) as answer:
            return self._after_refusal(intent_id, answer)

    def cancel(self, intent_id: str) -> Intent:
        """See the port."""
        try:
            with self._translated():
                return _intent(self._client().v1.payment_intents.cancel(intent_id))
        except IntentMoved:
            return self.retrieve(intent_id)

    def refund(
        self, intent_id: str, key: str, amount_minor: int | None = None, attempt: int = 1
    ) -> str | None:
        """See the port. Raises PaymentRejected if Stripe says that it cannot: a person must look at it."""
        params: dict[str, Any] = {"payment_intent": intent_id, "metadata": {"refundKey": key}}
        options = {"idempotency_key": f"{key}:{attempt}"}
        if amount_minor is not None:
            params["amount"] = amount_minor
        try:
            with self._translated():
                found = self._made(intent_id, key)
                made = found or self._client().v1.refunds.create(params, options)
        except AlreadyRefunded:
            return None
        if made.status not in _MADE:
            raise PaymentRejected(
                f"the refund {made.id} ended as {made.status}: {made.failure_reason}"
            )
        return str(made.id)

    def listed(self, since: int, until: int) -> Iterator[Intent]:
        """See the port."""
        params = {
            "created": {"gte": since, "lt": until},
            "limit": _PAGE,
            "expand": ["data.latest_charge"],
        }
        with self._translated():
            for found in self._client().v1.payment_intents.list(params).auto_paging_iter():
                yield _intent(found)

    def read_webhook(self, body: bytes | str, headers: Mapping[str, str]) -> Webhook:
        """See the port. Also refused: what Stripe signed more than five minutes ago."""
        import stripe

        signature = {name.lower(): value for name, value in headers.items()}.get("stripe-signature")
        try:
            event = stripe.Webhook.construct_event(
                body, signature, self.secret.value()["webhookSecret"]
            ).to_dict()
            about = event["data"]["object"]
            intent_id = (
                about["id"] if about["object"] == "payment_intent" else about.get("payment_intent")
            )
            failed = about["id"] if event["type"] == _REFUND_FAILED else None
            return Webhook(
                self.name, event["id"], event["type"], intent_id, _order_of(about), failed
            )
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError):
            raise InvalidSignature(
                "Stripe-Signature: not a signature of this body by the gateway"
            ) from None

    def _after_refusal(self, intent_id: str, answer: IntentMoved | PaymentDeclined) -> Intent:
        """The intent itself says why; a payment method that Stripe does not know leaves no trace on it, whatever it waits for."""
        found = self.retrieve(intent_id)
        if isinstance(answer, IntentMoved) or found.status in (gateway.CAPTURED, gateway.CANCELLED):
            return found
        if isinstance(answer, MethodUnknown) or found.status == gateway.NEW:
            return replace(found, status=gateway.DECLINED, decline=str(answer), is_soft=False)
        return found

    def _made(self, intent_id: str, key: str) -> Any:
        """The refund that was made with this key, however long ago, and however it ended."""
        refunds = self._client().v1.refunds.list({"payment_intent": intent_id, "limit": _PAGE})
        for made in refunds.auto_paging_iter():
            if (made.to_dict().get("metadata") or {}).get("refundKey") == key:
                return made
        return None

    def _client(self) -> Any:
        return _client_for(self.secret.value()["apiKey"], settings.optional("STRIPE_API_BASE"))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The SDK's errors as the shop's: may it be repeated, is it the customer's, or is it ours."""
        import stripe

        try:
            yield
        except stripe.CardError as problem:
            raise PaymentDeclined(problem.user_message or "the card was declined") from problem
        except (stripe.APIConnectionError, stripe.RateLimitError) as problem:
            raise GatewayUnavailable(f"the payment gateway does not answer: {problem}") from problem
        except (stripe.InvalidRequestError, stripe.IdempotencyError) as problem:
            raise _refusal(problem) from problem
        except (stripe.AuthenticationError, stripe.PermissionError) as problem:
            self.secret.forget()
            raise PaymentRejected(
                f"the payment gateway does not take the shop's key: {problem}"
            ) from problem
        except stripe.StripeError as problem:
            failed = (problem.http_status or 0) >= 500
            raise GatewayUnavailable(
                f"the payment gateway failed: {problem}", answered=failed
            ) from problem


def _intent(answer: Any) -> Intent:
    found = answer.to_dict()
    problem, charge = found.get("last_payment_error") or {}, found.get("latest_charge")
    status = _STATUSES[found["status"]]
    if problem and status == gateway.NEW:
        status = gateway.DECLINED
    return Intent(
        id=found["id"],
        status=status,
        amount=found["amount"],
        currency=found["currency"].upper(),
        order_id=(found.get("metadata") or {}).get("orderId"),
        received=found.get("amount_received") or 0,
        refunded=charge["amount_refunded"] if isinstance(charge, dict) else 0,
        decline=(problem.get("message") or "the payment was declined") if problem else None,
        decline_code=(code := problem.get("decline_code") or problem.get("code")),
        is_soft=code in _SOFT,
        client_secret=found.get("client_secret"),
        action=_action(found),
    )


def _order_of(about: dict[str, Any]) -> str | None:
    """The shop's order; a refund's key begins with it."""
    metadata = about.get("metadata") or {}
    return metadata.get("orderId") or metadata.get("refundKey", "").split(":")[0] or None


def _action(found: dict[str, Any]) -> dict[str, str]:
    if found["status"] == "processing":
        return {"type": "WAIT"}
    action = {"type": "CONFIRM_PAYMENT", "paymentIntentId": found["id"]}
    page = (found.get("next_action") or {}).get("redirect_to_url")
    return {**action, "url": page["url"]} if page else action


def _refusal(problem: Any) -> Exception:
    if problem.code == "payment_intent_unexpected_state":
        return IntentMoved(str(problem))
    if problem.code == "charge_already_refunded":
        return AlreadyRefunded(str(problem))
    if problem.code in _IN_USE or problem.http_status in (409, 429):
        return GatewayUnavailable(f"the payment gateway is busy with this payment: {problem}")
    if getattr(problem, "param", None) == "payment_method":
        return MethodUnknown(problem.user_message or "this payment method cannot be used")
    return PaymentRejected(problem.user_message or str(problem))


@cache
def _client_for(api_key: str, base: str | None) -> Any:
    import stripe

    # Whoever calls repeats: Step Functions, a queue, the customer. Waiting here would only use up the Lambda's time.
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": base} if base else {},
        http_client=stripe.RequestsClient(timeout=_TIMEOUT_SECONDS),
        max_network_retries=0,
    )
