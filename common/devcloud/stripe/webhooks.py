"""Signed webhooks: https://docs.stripe.com/webhooks."""

import hashlib
import hmac
import json
import secrets
import time
from typing import Any

from devcloud.gateways import webhooks

Event = webhooks.Event


class Webhooks(webhooks.Webhooks):
    """As Stripe words them: the signature says when it was made."""

    def event(self, kind: str, about: dict[str, Any]) -> Event:
        """What is told: https://docs.stripe.com/api/events/object."""
        return {
            "id": f"evt_{secrets.token_hex(12)}",
            "object": "event",
            "api_version": None,
            "type": kind,
            "created": int(time.time()),
            "livemode": False,
            "pending_webhooks": 1,
            "request": {"id": None, "idempotency_key": None},
            "data": {"object": about},
        }

    def message(self, event: Event) -> tuple[bytes, dict[str, str]]:
        """An event as it is sent: its body, and the headers that vouch for it."""
        body = json.dumps(event).encode()
        return body, {"Stripe-Signature": signature(body, self.secret)}


def signature(body: bytes, secret: str, at: int | None = None) -> str:
    """The Stripe-Signature header: https://docs.stripe.com/webhooks#verify-manually."""
    moment = at or int(time.time())
    signed = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"
