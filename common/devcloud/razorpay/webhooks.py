"""Razorpay's webhooks: https://razorpay.com/docs/webhooks/validate-test."""

import hashlib
import hmac
import json
import time

from devcloud.gateways.store import JsonObject
from devcloud.gateways.webhooks import WebhookSender
from devcloud.razorpay.orders import new_id


class RazorpayWebhooks(WebhookSender):
    """Webhooks with the event's id in a header, and a signature without the time."""

    def new_event(self, kind: str, subject: JsonObject) -> JsonObject:
        """Return a new event: https://razorpay.com/docs/webhooks/payloads."""
        body = {
            "entity": "event",
            "account_id": "acc_00000000000000",
            "event": kind,
            "contains": list(subject),
            "payload": {name: {"entity": entity} for name, entity in subject.items()},
            "created_at": int(time.time()),
        }
        return {"id": new_id("evt"), "body": body}

    def message(self, event: JsonObject) -> tuple[bytes, dict[str, str]]:
        """Return an event as it is sent: body, and headers with signature and id."""
        body = json.dumps(event["body"]).encode()
        return body, {
            "X-Razorpay-Signature": signature(body, self.secret),
            "X-Razorpay-Event-Id": event["id"],
        }


def signature(body: bytes, secret: str) -> str:
    """Return the X-Razorpay-Signature header: of the raw body, in hexadecimal."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
