"""Stripe's events and signatures: https://docs.stripe.com/webhooks."""

import hashlib
import hmac
import json
import secrets
import time

from devcloud.gateways.store import JsonObject
from devcloud.gateways.webhooks import WebhookSender


class StripeWebhooks(WebhookSender):
    """Webhooks whose signature includes the time."""

    def new_event(self, kind: str, subject: JsonObject) -> JsonObject:
        """Return a new event: https://docs.stripe.com/api/events/object."""
        return {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": None,
            "type": kind,
            "created": int(time.time()),
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "data": {"object": subject},
        }

    def message(self, event: JsonObject) -> tuple[bytes, dict[str, str]]:
        """Return an event as it is sent: the body, and the header that signs it."""
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": signature(body, self.secret)}


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    """Return a Stripe-Signature: https://docs.stripe.com/webhooks#verify-manually."""
    timestamp = at or int(time.time())
    signed = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    return f"t={timestamp},v1={signed.hexdigest()}"
