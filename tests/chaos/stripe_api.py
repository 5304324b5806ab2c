"""The fake Stripe's API, and webhooks as Stripe sends them."""

import json
from typing import Any

import httpx

from devcloud import settings
from devcloud.stripe import webhooks
from tests.chaos.harness import ChaosHarness
from tests.support.actors import ok

Event = dict[str, Any]


def list_events(harness: ChaosHarness, order_id: str) -> list[Event]:
    """Stripe's events about an order, oldest first."""
    events = [event for event in _list(harness, "/v1/events") if order_id in json.dumps(event)]
    return list(reversed(events))


def list_refunds(harness: ChaosHarness, order_id: str) -> list[dict[str, Any]]:
    """Stripe's refunds of an order."""
    payment = harness.probe.row("Payments", paymentId=order_id.replace("ORDER", "PAY"))
    return _list(harness, "/v1/refunds", payment_intent=payment["intentId"])


def fail_refund(harness: ChaosHarness, refund: dict[str, Any]) -> None:
    """Let the customer's bank reject a refund."""
    url = f"{harness.shop.stripe_url}/_control/refunds/{refund['id']}/fail"
    httpx.post(url).raise_for_status()


def deliver(
    harness: ChaosHarness, event: Event, secret: str | None = None, signature: str | None = None
) -> int:
    """Send a webhook, signed with the shop's secret by default. Returns the status."""
    body = json.dumps(event).encode()
    secret = secret or settings.of(harness.shop.directory).stripe_webhook_secret
    headers = {
        "Content-Type": "application/json",
        "Stripe-Signature": signature or webhooks.signature(body, secret),
    }
    harness.tally["webhooks"] += 1
    url = f"{harness.shop.url}/checkout/webhooks/stripe"
    return httpx.post(url, content=body, headers=headers, timeout=40).status_code


def _list(harness: ChaosHarness, path: str, **params: str) -> list[dict[str, Any]]:
    response = httpx.get(
        f"{harness.shop.stripe_url}{path}",
        params={"limit": "100", **params},
        headers=_authorization(harness),
    )
    return ok(response)["data"]


def _authorization(harness: ChaosHarness) -> dict[str, str]:
    return {"Authorization": f"Bearer {settings.of(harness.shop.directory).stripe_api_key}"}
