"""Signed webhooks: https://razorpay.com/docs/webhooks/validate-test."""

import hashlib
import hmac
import json
import time
from typing import Any

from devcloud.gateways import webhooks
from devcloud.razorpay.orders import identifier

Event = webhooks.Event


class Webhooks(webhooks.Webhooks):
    """As Razorpay words them: an event's id stands in a header, and nothing says when it was signed."""

    def event(self, kind: str, about: dict[str, Any]) -> Event:
        """What is told, about one or several objects by their kind: https://razorpay.com/docs/webhooks/payloads."""
        body = {
            "entity": "event",
            "account_id": "acc_00000000000000",
            "event": kind,
            "contains": list(about),
            "payload": {name: {"entity": thing} for name, thing in about.items()},
            "created_at": int(time.time()),
        }
        return {"id": identifier("evt"), "body": body}

    def message(self, event: Event) -> tuple[bytes, dict[str, str]]:
        """An event as it is sent: its body, and the headers that vouch for it."""
        body = json.dumps(event["body"]).encode()
        return body, {
            "X-Razorpay-Signature": signature(body, self.secret),
            "X-Razorpay-Event-Id": event["id"],
        }


def signature(body: bytes, secret: str) -> str:
    """The X-Razorpay-Signature header: of the raw body, in hexadecimal figures."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
