"""The payment gateway, Stripe: what the shop asks of it, and its answers in the shop's words.

The SDK is imported where it is used: its import takes longer than most of the Lambdas that never need it.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from chalicelib.payments.errors import (
    AlreadyRefunded,
    GatewayUnavailable,
    IntentMoved,
    InvalidSignature,
    PaymentDeclined,
    PaymentRejected,
)
from common import aws, settings

SECRET = "commerce/stripe"  # noqa: S105 - the name of a secret
_FRESH_SECONDS = 300
_TIMEOUT_SECONDS = 5  # two calls must fit in a step's 20 s, with room for the tables
_TYPES = {"CARD": "card", "UPI": "upi"}
_IN_USE = {"lock_timeout", "idempotency_key_in_use", "rate_limit"}


@dataclass(frozen=True)
class Intent:
    """A PaymentIntent: the gateway's own record of one order's payment, which is captured at most once."""

    id: str
    status: str
    client_secret: str | None = None
    received: int = 0
    decline: str | None = None
    redirect: str | None = None

    @property
    def awaits_confirmation(self) -> bool:
        """Whether it has not been attempted yet."""
        return self.status in ("requires_payment_method", "requires_confirmation") and not self.decline

    @property
    def is_declined(self) -> bool:
        """Whether the last attempt was refused and nothing else is under way."""
        return self.status == "requires_payment_method" and self.decline is not None


@dataclass(frozen=True)
class Webhook:
    """What a webhook is about. Its contents may be old: whoever acts on it asks the gateway."""

    kind: str
    intent_id: str | None
    order_id: str | None


def create(order_id: str, amount_minor: int, currency: str, method: str, key: str) -> Intent:
    """A new PaymentIntent, unconfirmed: it charges nobody. Safe to repeat with the same key."""
    params = {
        "amount": amount_minor,
        "currency": currency.lower(),
        "payment_method_types": [_TYPES[method]],
        "metadata": {"orderId": order_id},
        "description": order_id,
    }
    with _translated():
        return _intent(_client().v1.payment_intents.create(params, {"idempotency_key": key}))


def retrieve(intent_id: str) -> Intent:
    """The PaymentIntent as it is now: the truth, whatever answer got lost."""
    with _translated():
        return _intent(_client().v1.payment_intents.retrieve(intent_id))


def confirm(intent_id: str, payment_method: str, method: str, key: str) -> Intent:
    """Charge the payment method, or learn what the customer must do first; a refusal is an answer, too.

    Safe to repeat: a PaymentIntent is captured once.
    """
    params = {
        "payment_method": payment_method,
        "payment_method_types": [_TYPES[method]],
        "use_stripe_sdk": True,  # the client takes the bank's page from the client secret
    }
    try:
        with _translated():
            confirmed = _client().v1.payment_intents.confirm(intent_id, params, {"idempotency_key": key})
            return _intent(confirmed)
    except IntentMoved:
        return retrieve(intent_id)
    except PaymentDeclined as refusal:
        return Intent(intent_id, "requires_payment_method", decline=str(refusal))


def cancel(intent_id: str) -> Intent:
    """Make sure that the PaymentIntent is never captured, unless it already is: the answer tells. Safe to repeat."""
    try:
        with _translated():
            return _intent(_client().v1.payment_intents.cancel(intent_id))
    except IntentMoved:
        return retrieve(intent_id)


def refund(intent_id: str, key: str) -> str | None:
    """Give back all that was captured; the refund's id, or None if it had been given back before. Safe to repeat.

    Raises PaymentRejected if the gateway says that it cannot: a person must look at it.
    """
    try:
        with _translated():
            made = _client().v1.refunds.create({"payment_intent": intent_id}, {"idempotency_key": key})
    except AlreadyRefunded:
        return None
    if made.status in ("failed", "canceled"):
        raise PaymentRejected(f"the refund {made.id} ended as {made.status}: {made.failure_reason}")
    return str(made.id)


def read_webhook(body: bytes | str, signature: str | None) -> Webhook:
    """What the gateway tells; InvalidSignature if it is not from the gateway, or older than five minutes."""
    import stripe

    try:
        secret = _secret.value()["webhookSecret"]
        event = stripe.Webhook.construct_event(body, signature, secret).to_dict()
    except (stripe.SignatureVerificationError, UnicodeDecodeError, ValueError):
        raise InvalidSignature("Stripe-Signature: not a signature of this body by the gateway") from None
    about = event["data"]["object"]
    intent_id = about["id"] if about["object"] == "payment_intent" else about.get("payment_intent")
    return Webhook(event["type"], intent_id, (about.get("metadata") or {}).get("orderId"))


def _intent(found: Any) -> Intent:
    problem, action = found.last_payment_error, found.next_action
    redirect = getattr(action, "redirect_to_url", None) if action else None
    return Intent(
        id=found.id,
        status=found.status,
        client_secret=found.client_secret,
        received=found.amount_received or 0,
        decline=(problem.message or "the payment was declined") if problem else None,
        redirect=redirect.url if redirect else None,
    )


@contextmanager
def _translated() -> Iterator[None]:
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
        _secret.forget()
        raise PaymentRejected(f"the payment gateway does not take the shop's key: {problem}") from problem
    except stripe.StripeError as problem:
        failed = (problem.http_status or 0) >= 500
        raise GatewayUnavailable(f"the payment gateway failed: {problem}", answered=failed) from problem


def _refusal(problem: Any) -> Exception:
    if problem.code == "payment_intent_unexpected_state":
        return IntentMoved(str(problem))
    if problem.code == "charge_already_refunded":
        return AlreadyRefunded(str(problem))
    if problem.code in _IN_USE or problem.http_status in (409, 429):
        return GatewayUnavailable(f"the payment gateway is busy with this payment: {problem}")
    if getattr(problem, "param", None) == "payment_method":
        return PaymentDeclined(problem.user_message or "this payment method cannot be used")
    return PaymentRejected(problem.user_message or str(problem))


class _Secret:
    """The gateway's keys, from Secrets Manager, for a while: a key that is exchanged is noticed."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        self.kept: dict[str, str] = {}
        self.fetched = float("-inf")

    def value(self) -> dict[str, str]:
        if time.monotonic() - self.fetched > _FRESH_SECONDS:
            answer = aws.client("secretsmanager").get_secret_value(SecretId=SECRET)
            self.kept, self.fetched = json.loads(answer["SecretString"]), time.monotonic()
        return self.kept


_secret = _Secret()


def forget_secret() -> None:
    """Fetch the gateway's keys anew at the next call."""
    _secret.forget()


def _client() -> Any:
    return _client_for(_secret.value()["apiKey"], settings.optional("STRIPE_API_BASE"))


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
