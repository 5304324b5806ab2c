"""The contract of the gateways' adapters, each against its fake over HTTP."""

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.payments.errors import (
    GatewayNotConfigured,
    GatewayUnavailable,
    InvalidSignature,
    PaymentRejected,
)
from chalicelib.payments.gateways import razorpay as razorpay_adapter
from chalicelib.payments.gateways import razorpay_api
from chalicelib.payments.gateways import stripe as stripe_adapter
from chalicelib.payments.gateways.port import Gateway, Intent, IntentStatus
from common import aws, cached
from devcloud import razorpay, stripe
from devcloud.razorpay import webhooks as razorpay_webhooks
from devcloud.stripe import webhooks as stripe_webhooks
from testkit.plugin import moto

ORDER = "ORDER#01JA0000000000000000000001"
TOTAL = 2598
WEBHOOK_SECRET = "whsec_test"
DAY = 24 * 3600

BROKEN = {
    "down": {"down": True},
    "unreachable": {"unreachable": True},
    "slow": {"slow_ms": 500},
    "failing": {"errors": 1, "error_status": 500},
    "contended": {"errors": 1, "error_status": 409},
    "overloaded": {"errors": 1, "error_status": 429},
}


@dataclass
class GatewayCase:
    """One gateway: the adapter, its fake, and the customer."""

    adapter: Gateway
    fake: Any
    secret_name: str
    keys: dict[str, str]
    wrong: dict[str, str]

    def begin(self, order_id: str = ORDER, key: str = "create:1", amount: int = TOTAL) -> Intent:
        return self.adapter.create_intent(order_id, amount, "INR", "CARD", key)

    def paid(self, order_id: str = ORDER) -> Intent:
        intent = self.begin(order_id, f"{order_id}:create")
        self.pay(intent)
        return self.adapter.retrieve_intent(intent.id)

    def money(self, order_id: str = ORDER) -> tuple[int, int]:
        """Minor units captured and refunded, at the fake."""
        row = self.fake.totals()[order_id]
        return row["captured"], row["refunded"]

    def store_secret(self, value: str) -> None:
        aws.client("secretsmanager").put_secret_value(SecretId=self.secret_name, SecretString=value)
        self.adapter.forget_keys()

    def webhooks(self) -> list[tuple[bytes, dict[str, str]]]:
        """Every webhook so far, as it is sent: body and headers."""
        return [self.fake.webhooks.message(event) for event in self.fake.store.list_all("event")]


class StripeCase(GatewayCase):
    def attempt(self, intent: Intent, method: str = "pm_card_visa") -> Intent:
        return self.adapter.confirm_intent(intent.id, method, "CARD", f"{intent.id}:{method}")

    def pay(self, intent: Intent) -> None:
        self.attempt(intent)

    def begin_to_pay(self, intent: Intent) -> None:
        self.attempt(intent, "pm_card_threeDSecure2Required")

    def agree(self, intent: Intent) -> None:
        self.fake.change(intent.id, stripe.gateway.intents.processing)

    def complete(self, intent: Intent) -> None:
        self.fake.change(intent.id, stripe.gateway.intents.approved)

    def fail(self, intent: Intent, soft: bool = False) -> None:
        self.attempt(
            intent, f"pm_card_chargeDeclined{'ProcessingError' if soft else 'ExpiredCard'}"
        )

    def made_at(self, intent: Intent, at: int) -> None:
        self.fake.store.put(
            "payment_intent", intent.id, {**self.fake.intent(intent.id), "created": at}
        )

    def signed(self, body: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
        return {"Stripe-Signature": stripe_webhooks.signature(body, secret)}


class RazorpayCase(GatewayCase):
    """The customer pays in Razorpay's own checkout, which the shop only reads."""

    def attempt(self, intent: Intent) -> Intent:
        return self.adapter.confirm_intent(intent.id, "", "UPI", "confirm:1")

    def pay(self, intent: Intent) -> None:
        self.fake.approve(intent.id)

    def begin_to_pay(self, intent: Intent) -> None:
        pass

    def agree(self, intent: Intent) -> None:
        self.fake.authorize(intent.id)

    def complete(self, intent: Intent) -> None:
        self.fake.approve(intent.id)

    def fail(self, intent: Intent, soft: bool = False) -> None:
        self.fake.refuse(intent.id, soft)

    def made_at(self, intent: Intent, at: int) -> None:
        self.fake.store.put("order", intent.id, {**self.fake.order(intent.id), "created_at": at})

    def signed(self, body: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
        signature = razorpay_webhooks.signature(body, secret)
        return {"X-Razorpay-Signature": signature, "X-Razorpay-Event-Id": "evt_1"}


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, Any]]:
    with (
        stripe.serve(webhook_secret=WEBHOOK_SECRET) as one,
        razorpay.serve(webhook_secret=WEBHOOK_SECRET) as other,
    ):
        yield {"stripe": one, "razorpay": other}


@pytest.fixture
def open_case(
    servers: dict[str, Any], settings: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], GatewayCase]]:
    def opened(name: str) -> GatewayCase:
        fake = servers[name]
        fake.reset()
        monkeypatch.setenv(f"{name.upper()}_API_BASE", fake.url)
        made = stripe_case(fake) if name == "stripe" else razorpay_case(fake)
        aws.client("secretsmanager").create_secret(
            Name=made.secret_name, SecretString=json.dumps(made.keys)
        )
        return made

    with moto():
        yield opened


@pytest.fixture(params=["stripe", "razorpay"])
def case(request: pytest.FixtureRequest, open_case: Callable[[str], GatewayCase]) -> GatewayCase:
    return open_case(request.param)


def stripe_case(fake: Any) -> GatewayCase:
    keys = {"apiKey": "sk_test_1", "webhookSecret": WEBHOOK_SECRET}
    return StripeCase(
        stripe_adapter.Stripe(), fake, "commerce/stripe", keys, {**keys, "apiKey": "nobody's"}
    )


def razorpay_case(fake: Any) -> GatewayCase:
    keys = {"keyId": "rzp_test_1", "keySecret": "secret", "webhookSecret": WEBHOOK_SECRET}
    return RazorpayCase(
        razorpay_adapter.Razorpay(), fake, "commerce/razorpay", keys, {**keys, "keyId": "nobody's"}
    )


def list_all_intents(case: GatewayCase, since: int, until: int) -> list[Intent]:
    """The intents of all pages."""
    intents, cursor = [], None
    while True:
        page = case.adapter.list_intents(since, until, cursor)
        intents += page.items
        cursor = page.cursor
        if cursor is None:
            return intents


@contextmanager
def broken(case: GatewayCase, fault: str) -> Iterator[None]:
    """Give the gateway a fault. Slow is above a time-out of 0.2 s here."""
    case.fake.faults.set(**BROKEN[fault])
    with pytest.MonkeyPatch.context() as patched:
        for module in (stripe_adapter, razorpay_api) if fault == "slow" else ():
            patched.setattr(module, "_TIMEOUT_SECONDS", 0.2)
        stripe_adapter._client_for.cache_clear()  # it keeps the time that it was made with
        yield
    stripe_adapter._client_for.cache_clear()
    case.fake.faults.reset()


# Creating intents


def test_a_new_intent_charges_nobody_and_names_its_order(case):
    intent = case.begin()

    assert (intent.amount, intent.currency, intent.order_id) == (TOTAL, "INR", ORDER)
    assert (intent.received, intent.refunded, intent.decline) == (0, 0, None)
    assert intent.status in (IntentStatus.NEW, IntentStatus.WAITING)
    assert case.money() == (0, 0)
    assert case.adapter.retrieve_intent(intent.id) == intent


def test_creating_with_the_same_key_is_the_same_intent(case):
    assert case.begin() == case.begin()

    assert case.fake.totals()[ORDER]["intents"] == 1


def test_creating_with_another_key_is_another_intent(case):
    assert case.begin().id != case.begin(key="create:2").id


def test_an_intent_whose_response_is_lost_is_found_again(case):
    case.fake.faults.set(lose_creations=1)
    with pytest.raises(GatewayUnavailable):
        case.begin()

    case.begin()

    assert case.fake.totals()[ORDER]["intents"] == 1


def test_of_two_razorpay_orders_at_once_the_earlier_counts(open_case):
    case = open_case("razorpay")
    case.fake.faults.set(slow_ms=50)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: case.begin(), range(2)))
    earliest = case.fake.store.list_all("order")[-1]["id"]

    assert case.begin().id == earliest


def test_an_intent_says_what_the_client_does_next(open_case):
    card = open_case("stripe").begin()
    upi = open_case("razorpay").begin()

    assert card.action == {"type": "CONFIRM_PAYMENT", "paymentIntentId": card.id}
    assert upi.action == {
        "type": "RAZORPAY_CHECKOUT",
        "razorpayOrderId": upi.id,
        "keyId": "rzp_test_1",
    }
    assert card.client_secret


def test_no_secret_key_reaches_the_customer(open_case):
    case = open_case("razorpay")
    seen = repr(case.begin())

    assert case.keys["keySecret"] not in seen.replace("client_secret", "")
    assert WEBHOOK_SECRET not in seen


# Charging


def test_a_paid_intent_has_its_captured_amount_and_order(case):
    intent = case.paid()

    assert (intent.status, intent.received, intent.refunded) == (IntentStatus.CAPTURED, TOTAL, 0)
    assert (intent.amount, intent.currency, intent.order_id) == (TOTAL, "INR", ORDER)
    assert case.money() == (TOTAL, 0)


def test_confirming_a_paid_intent_again_charges_nothing_more(case):
    intent = case.paid()

    assert case.attempt(intent).status == IntentStatus.CAPTURED
    assert case.money() == (TOTAL, 0)


def test_a_charge_whose_response_is_lost_is_not_repeated(open_case):
    case = open_case("stripe")
    intent = case.begin()
    case.fake.faults.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        case.attempt(intent)

    assert case.adapter.retrieve_intent(intent.id).status == IntentStatus.CAPTURED
    assert case.attempt(intent).status == IntentStatus.CAPTURED
    case.fake.forget_keys()
    assert case.attempt(intent).status == IntentStatus.CAPTURED
    assert case.money() == (TOTAL, 0)


def test_a_processing_intent_cannot_be_cancelled(case):
    intent = case.begin()
    case.begin_to_pay(intent)
    assert case.adapter.retrieve_intent(intent.id).status == IntentStatus.WAITING

    case.agree(intent)

    for look in (case.adapter.retrieve_intent(intent.id), case.adapter.cancel_intent(intent.id)):
        assert (look.status, look.action, look.received) == (
            IntentStatus.PROCESSING,
            {"type": "WAIT"},
            0,
        )
    case.complete(intent)
    assert case.adapter.retrieve_intent(intent.id).status == IntentStatus.CAPTURED


@pytest.mark.parametrize("soft", [True, False])
def test_a_decline_has_its_reason_and_another_attempt_can_succeed(case, soft):
    intent = case.begin()

    case.fail(intent, soft)

    refused = case.adapter.retrieve_intent(intent.id)
    assert (
        refused.status
        == {"stripe": IntentStatus.DECLINED, "razorpay": IntentStatus.WAITING}[case.adapter.name]
    )
    assert (refused.received, refused.is_soft) == (0, soft)
    assert refused.decline.startswith(("Your ", "An error occurred"))
    case.pay(intent)
    paid = case.adapter.retrieve_intent(intent.id)
    assert (paid.status, paid.decline, paid.is_soft) == (IntentStatus.CAPTURED, None, False)


def test_a_razorpay_decline_has_the_reason_of_the_last_attempt(open_case):
    case = open_case("razorpay")
    intent = case.begin()
    for soft, at in ((True, 200), (False, 100)):
        case.fail(intent, soft)
        payment = case.fake.payments(intent.id)[0]
        case.fake.store.put("payment", payment["id"], {**payment, "created_at": at})

    assert case.adapter.retrieve_intent(intent.id).is_soft


def test_an_unknown_payment_method_is_declined(open_case):
    case = open_case("stripe")

    refused = case.attempt(case.begin(), "pm_made_up")

    assert (refused.status, refused.is_soft) == (IntentStatus.DECLINED, False)
    assert "No such PaymentMethod" in refused.decline


# Voiding


def test_a_cancelled_intent_stays_unpaid_or_can_be_refunded(case):
    intent = case.begin()
    assert case.adapter.cancel_intent(intent.id).status == IntentStatus.CANCELLED
    assert case.adapter.cancel_intent(intent.id).status == IntentStatus.CANCELLED

    case.pay(intent)

    after = case.adapter.retrieve_intent(intent.id)
    assert (after.status, after.received) in (
        (IntentStatus.CANCELLED, 0),
        (IntentStatus.CAPTURED, TOTAL),
    )
    if after.status == IntentStatus.CAPTURED:
        assert case.adapter.create_refund(intent.id, "late")
    captured, refunded = case.money()
    assert captured == refunded


def test_a_customer_can_pay_a_cancelled_razorpay_order(open_case):
    case = open_case("razorpay")
    intent = case.begin()
    case.adapter.cancel_intent(intent.id)

    case.pay(intent)

    assert case.adapter.retrieve_intent(intent.id).status == IntentStatus.CAPTURED


def test_cancelling_a_paid_intent_reports_the_capture(case):
    intent = case.paid()

    assert case.adapter.cancel_intent(intent.id).status == IntentStatus.CAPTURED
    assert case.money() == (TOTAL, 0)


# Refunding


def test_a_full_refund_is_made_once(case):
    intent = case.paid()

    assert case.adapter.create_refund(intent.id, "refund:1")

    assert case.money() == (TOTAL, TOTAL)
    after = case.adapter.retrieve_intent(intent.id)
    assert (after.status, after.received, after.refunded) == (IntentStatus.CAPTURED, TOTAL, TOTAL)
    assert case.adapter.create_refund(intent.id, "refund:2") is None


def test_partial_refunds_can_be_followed_by_the_rest(case):
    intent = case.paid()

    first = case.adapter.create_refund(intent.id, "first", 1000)
    second = case.adapter.create_refund(intent.id, "second", 1000)
    assert case.adapter.retrieve_intent(intent.id).refunded == 2000
    rest = case.adapter.create_refund(intent.id, "rest")

    assert len({first, second, rest, None}) == 4
    assert case.money() == (TOTAL, TOTAL)


@pytest.mark.parametrize("amount", [None, TOTAL, 1000])
def test_one_key_is_one_refund_even_after_the_gateway_drops_it(case, amount):
    intent = case.paid()
    first = case.adapter.create_refund(intent.id, "refund:1", amount)

    again = case.adapter.create_refund(intent.id, "refund:1", amount)
    case.fake.forget_keys()
    much_later = case.adapter.create_refund(intent.id, "refund:1", amount)

    assert first == again == much_later
    assert case.money() == (TOTAL, amount or TOTAL)


@pytest.mark.parametrize("forgets", [True, False])
@pytest.mark.parametrize("amount", [None, 1000])
def test_a_refund_whose_response_is_lost_is_not_repeated(case, amount, forgets):
    intent = case.paid()
    case.fake.faults.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        case.adapter.create_refund(intent.id, "refund:1", amount)
    if forgets:
        case.fake.forget_keys()

    assert case.adapter.create_refund(intent.id, "refund:1", amount)

    assert case.money() == (TOTAL, amount or TOTAL)


def test_refunds_of_one_key_at_the_same_moment_are_one_refund(case):
    intent = case.paid()

    def refund(_: int) -> str | None:
        try:
            return case.adapter.create_refund(intent.id, "refund:1", 1000)
        except GatewayUnavailable:  # the other one is under way
            return None

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(refund, range(8)))

    assert len(made - {None}) == 1
    assert case.money() == (TOTAL, 1000)


def test_concurrent_full_refunds_by_different_keys_refund_once(case):
    intent = case.paid()
    case.fake.faults.set(slow_ms=50)  # each looks before the first refunds

    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(
                lambda number: case.adapter.create_refund(intent.id, f"refund:{number}"), range(4)
            )
        )

    assert made.count(None) == 3
    assert case.money() == (TOTAL, TOTAL)


def test_a_refund_that_failed_at_the_bank_is_rejected(case):
    intent = case.paid()
    case.fake.fail_refund(case.adapter.create_refund(intent.id, "refund:1"))

    assert case.money() == (TOTAL, 0)
    for _ in range(2):
        with pytest.raises(PaymentRejected, match="failed"):
            case.adapter.create_refund(intent.id, "refund:1")
        case.fake.forget_keys()


@pytest.mark.parametrize("amount", [TOTAL - 999, TOTAL + 1])
def test_a_refund_above_the_rest_is_rejected(case, amount):
    intent = case.paid()
    case.adapter.create_refund(intent.id, "first", 1000)

    with pytest.raises(PaymentRejected, match="greater than"):
        case.adapter.create_refund(intent.id, "second", amount)

    assert case.money() == (TOTAL, 1000)


def test_a_refund_of_nothing_is_not_a_refund_of_everything(case):
    intent = case.paid()

    with pytest.raises(PaymentRejected):
        case.adapter.create_refund(intent.id, "refund:1", 0)

    assert case.money() == (TOTAL, 0)


def test_an_unpaid_intent_cannot_be_refunded(case):
    with pytest.raises(PaymentRejected):
        case.adapter.create_refund(case.begin().id, "refund:1")


def test_the_refund_of_one_order_is_not_taken_for_anothers(case):
    one, other = case.paid(), case.paid("ORDER#2")
    case.adapter.create_refund(one.id, "refund:1")
    case.fake.forget_keys()

    assert case.adapter.create_refund(other.id, "refund:1")

    assert case.money() == case.money("ORDER#2") == (TOTAL, TOTAL)


# Unavailable gateways


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_gateway_is_unavailable_not_a_decline(case, fault):
    with broken(case, fault), pytest.raises(GatewayUnavailable):
        case.begin(f"ORDER#{fault}", fault)

    case.begin()


@pytest.mark.parametrize("fault", ["down", "unreachable", "slow"])
def test_a_broken_gateway_reports_no_intent(case, fault):
    intent = case.paid()

    for act in (
        case.adapter.retrieve_intent,
        case.adapter.cancel_intent,
        lambda _: list_all_intents(case, 0, DAY),
    ):
        with broken(case, fault), pytest.raises(GatewayUnavailable):
            act(intent.id)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_refund_that_failed_is_made_once_by_its_retries(case, fault):
    intent = case.paid()
    with broken(case, fault), pytest.raises(GatewayUnavailable) as failure:
        case.adapter.create_refund(intent.id, "refund:1", 1000)
    assert case.money() == (TOTAL, 0)
    assert failure.value.answered or fault != "failing"

    for _ in range(2):
        assert case.adapter.create_refund(
            intent.id, "refund:1", 1000, attempt=2 if failure.value.answered else 1
        )

    assert case.money() == (TOTAL, 1000)


@pytest.mark.parametrize("status", [200, 403, 404, 502])
def test_a_proxys_response_counts_as_unavailable(case, monkeypatch, status):
    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"<html>")

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv(
            f"{case.adapter.name.upper()}_API_BASE", f"http://127.0.0.1:{proxy.server_port}"
        )
        with pytest.raises(GatewayUnavailable):
            case.begin()
        proxy.shutdown()


# Credentials


def test_a_wrong_key_is_rejected_and_the_right_one_is_used_next(case):
    case.store_secret(json.dumps(case.wrong))
    with pytest.raises(PaymentRejected, match="does not take the shop's key"):
        case.begin()

    aws.client("secretsmanager").put_secret_value(
        SecretId=case.secret_name, SecretString=json.dumps(case.keys)
    )
    case.begin()


@pytest.fixture
def later(monkeypatch):
    """Let time pass for cached secrets only: the fakes share this process."""

    def pass_by(seconds: float) -> None:
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
        monkeypatch.setattr(cached, "time", clock)

    return pass_by


def is_signature_accepted(case, body, secret):
    try:
        case.adapter.read_webhook(body, case.signed(body, secret))
    except InvalidSignature:
        return False
    return True


def test_a_rotated_secret_is_used_after_five_minutes(case, later):
    case.paid()
    body, _ = case.webhooks()[-1]
    assert is_signature_accepted(case, body, WEBHOOK_SECRET)
    exchanged = json.dumps({**case.keys, "webhookSecret": "whsec_exchanged"})
    aws.client("secretsmanager").put_secret_value(SecretId=case.secret_name, SecretString=exchanged)

    later(299)
    assert is_signature_accepted(case, body, WEBHOOK_SECRET)
    later(301)
    assert is_signature_accepted(case, body, "whsec_exchanged")
    assert not is_signature_accepted(case, body, WEBHOOK_SECRET)


def test_cached_keys_survive_an_outage_of_the_secrets(case, later, monkeypatch):
    case.begin()

    def down(**_):
        raise ClientError(
            {"Error": {"Code": "InternalServiceError", "Message": "down"}}, "GetSecretValue"
        )

    with monkeypatch.context() as trouble:
        trouble.setattr(aws.client("secretsmanager"), "get_secret_value", down)
        later(301)
        case.begin()
        case.adapter.forget_keys()
        with pytest.raises(ClientError):
            case.begin()
    case.begin()


@pytest.mark.parametrize("secret", ["{}", "[]", "nonsense"])
def test_a_gateway_without_keys_names_its_secret(case, secret):
    case.store_secret(secret)

    for act in (case.begin, lambda: case.adapter.read_webhook(b"{}", case.signed(b"{}", ""))):
        with pytest.raises(GatewayNotConfigured, match=case.secret_name):
            act()


def test_each_key_that_is_missing_or_blank_is_named(case):
    for name in case.keys:
        for value in ("", "  ", None):
            case.store_secret(json.dumps({**case.keys, name: value}))
            with pytest.raises(GatewayNotConfigured, match=name):
                case.begin()


# Webhooks


def test_every_webhook_names_its_intent_and_its_order(case):
    intent = case.begin()
    case.fail(intent)
    case.pay(intent)
    case.adapter.create_refund(intent.id, "refund:1")

    events = [case.adapter.read_webhook(body, headers) for body, headers in case.webhooks()]

    assert {(each.gateway, each.intent_id, each.order_id) for each in events} == {
        (case.adapter.name, intent.id, ORDER)
    }
    assert {each.event_id for each in events} == {
        event["id"] for event in case.fake.store.list_all("event")
    }
    assert len(events) >= 3
    assert len({each.kind for each in events}) == len(events)


def test_only_the_webhook_of_a_failed_refund_names_it(case):
    intent = case.paid()
    made = case.adapter.create_refund(intent.id, f"{ORDER}:refund")
    case.fake.fail_refund(made)

    events = [case.adapter.read_webhook(body, headers) for body, headers in case.webhooks()]

    (failed,) = [each for each in events if each.failed_refund]
    assert (failed.failed_refund, failed.intent_id, failed.order_id) == (made, intent.id, ORDER)
    assert case.adapter.retrieve_intent(intent.id).refunded == 0


def test_the_case_of_a_webhooks_headers_does_not_matter(case):
    case.paid()
    body, headers = case.webhooks()[0]

    for change in (str.lower, str.upper, str.title):
        read = case.adapter.read_webhook(
            body, {change(name): value for name, value in headers.items()}
        )
        assert read.order_id == ORDER
    assert case.adapter.read_webhook(body.decode(), headers).order_id == ORDER


def test_a_webhook_with_a_wrong_signature_is_rejected(case):
    case.paid()
    body, headers = case.webhooks()[0]
    forged = {
        name: f"{value[:-1]}{'1' if value[-1] == '0' else '0'}" for name, value in headers.items()
    }

    for received, sent_headers in (
        (body, {}),
        (body, dict.fromkeys(headers, "")),
        (body, dict.fromkeys(headers, "t=1,v1=naïve")),
        (body, forged),
        (body, case.signed(body, "another secret")),
        (body.replace(str(TOTAL).encode(), str(TOTAL - 1).encode()), headers),
        (body + b" ", headers),
        (body[:-1], headers),
        (b"", headers),
    ):
        with pytest.raises(InvalidSignature):
            case.adapter.read_webhook(received, sent_headers)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"not JSON", b"", b"[]", b'"text"', b"1"])
def test_a_signed_body_that_is_no_event_is_rejected(case, body):
    with pytest.raises(InvalidSignature):
        case.adapter.read_webhook(body, case.signed(body))


def test_webhooks_of_other_objects_name_no_intent(open_case):
    case = open_case("razorpay")
    for event in ({"event": "payout.processed", "payload": {}}, {"event": "account.updated"}):
        body = json.dumps(event).encode()
        assert case.adapter.read_webhook(body, case.signed(body)).intent_id is None


def test_a_webhook_without_its_order_fails_while_razorpay_is_down(open_case):
    case = open_case("razorpay")
    case.paid()
    webhooks = case.webhooks()
    case.fake.faults.set(down=True)
    without_the_order = [
        (body, headers) for body, headers in webhooks if b'"order.paid"' not in body
    ]

    with pytest.raises(GatewayUnavailable):
        case.adapter.read_webhook(*without_the_order[0])


# Listing intents


def test_the_intents_of_a_day_are_listed_with_their_amounts(case):
    day = 19_000 * DAY
    times = {"before": day - 1, "first": day, "last": day + DAY - 1, "after": day + DAY}
    paid = {order_id: case.paid(order_id) for order_id in times}
    for order_id, at in times.items():
        case.made_at(paid[order_id], at)
    case.adapter.create_refund(paid["first"].id, "refund:1", 1000)

    listed = {intent.order_id: intent for intent in list_all_intents(case, day, day + DAY)}

    assert set(listed) == {"first", "last"}
    assert (listed["first"].status, listed["first"].received, listed["first"].refunded) == (
        IntentStatus.CAPTURED,
        TOTAL,
        1000,
    )
    assert (listed["last"].received, listed["last"].refunded) == (TOTAL, 0)


def test_a_listed_intent_equals_the_retrieved_one(case):
    paid, refused, open_ = case.paid("1"), case.begin("2", "2"), case.begin("3", "3")
    case.fail(refused)
    case.adapter.create_refund(paid.id, "refund:1", 1000)

    listed = {intent.id: intent for intent in list_all_intents(case, 0, 2**40)}

    assert listed == {
        each.id: case.adapter.retrieve_intent(each.id) for each in (paid, refused, open_)
    }


def test_more_than_a_page_of_intents_are_listed_each_once(case):
    intents = [case.begin(f"ORDER#{number}", f"create:{number}") for number in range(201)]

    listed = [intent.id for intent in list_all_intents(case, 0, 2**40)]

    assert sorted(listed) == sorted(intent.id for intent in intents)


def test_an_amount_in_yen_has_no_decimals(case):
    intent = case.adapter.create_intent(ORDER, 500, "JPY", "CARD", "yen")

    assert case.adapter.retrieve_intent(intent.id) == intent
    assert (intent.amount, intent.currency) == (500, "JPY")
