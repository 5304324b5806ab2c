"""What every payment gateway's adapter holds to: each against the stand-in for its gateway, over HTTP."""

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

from chalicelib.payments import gateway, razorpay_gateway, stripe_gateway
from chalicelib.payments.errors import (
    GatewayNotConfigured,
    GatewayUnavailable,
    InvalidSignature,
    PaymentRejected,
)
from chalicelib.payments.gateway import (
    CANCELLED,
    CAPTURED,
    DECLINED,
    NEW,
    PROCESSING,
    WAITING,
    Gateway,
    Intent,
)
from common import aws
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
class Till:
    """One gateway: the adapter, the stand-in that it talks to, and the customer in front of both."""

    gateway: Gateway
    books: Any
    secret_name: str
    keys: dict[str, str]
    wrong: dict[str, str]

    def begin(self, order_id: str = ORDER, key: str = "create:1", amount: int = TOTAL) -> Intent:
        return self.gateway.create(order_id, amount, "INR", "CARD", key)

    def paid(self, order_id: str = ORDER) -> Intent:
        intent = self.begin(order_id, f"{order_id}:create")
        self.pay(intent)
        return self.gateway.retrieve(intent.id)

    def money(self, order_id: str = ORDER) -> tuple[int, int]:
        """Minor units captured and given back, by the gateway's own books."""
        row = self.books.totals()[order_id]
        return row["captured"], row["refunded"]

    def keep_secret(self, value: str) -> None:
        aws.client("secretsmanager").put_secret_value(SecretId=self.secret_name, SecretString=value)
        self.gateway.secret.forget()

    def told(self) -> list[tuple[bytes, dict[str, str]]]:
        """Every webhook so far, as it is sent: body and headers."""
        return [self.books.webhooks.message(event) for event in self.books.store.all("event")]


class StripeTill(Till):
    def attempt(self, intent: Intent, method: str = "pm_card_visa") -> Intent:
        return self.gateway.confirm(intent.id, method, "CARD", f"{intent.id}:{method}")

    def pay(self, intent: Intent) -> None:
        self.attempt(intent)

    def begin_to_pay(self, intent: Intent) -> None:
        self.attempt(intent, "pm_card_threeDSecure2Required")

    def agree(self, intent: Intent) -> None:
        self.books.change(intent.id, stripe.gateway.intents.processing)

    def complete(self, intent: Intent) -> None:
        self.books.change(intent.id, stripe.gateway.intents.approved)

    def fail(self, intent: Intent, soft: bool = False) -> None:
        self.attempt(
            intent, f"pm_card_chargeDeclined{'ProcessingError' if soft else 'ExpiredCard'}"
        )

    def made_at(self, intent: Intent, at: int) -> None:
        self.books.store.put(
            "payment_intent", intent.id, {**self.books.intent(intent.id), "created": at}
        )

    def signed(self, body: bytes, secret: str = WEBHOOK_SECRET) -> dict[str, str]:
        return {"Stripe-Signature": stripe_webhooks.signature(body, secret)}


class RazorpayTill(Till):
    """The customer pays in Razorpay's own checkout; the shop can only look."""

    def attempt(self, intent: Intent) -> Intent:
        return self.gateway.confirm(intent.id, "", "UPI", "confirm:1")

    def pay(self, intent: Intent) -> None:
        self.books.approve(intent.id)

    def begin_to_pay(self, intent: Intent) -> None:
        pass

    def agree(self, intent: Intent) -> None:
        self.books.authorize(intent.id)

    def complete(self, intent: Intent) -> None:
        self.books.approve(intent.id)

    def fail(self, intent: Intent, soft: bool = False) -> None:
        self.books.refuse(intent.id, soft)

    def made_at(self, intent: Intent, at: int) -> None:
        self.books.store.put("order", intent.id, {**self.books.order(intent.id), "created_at": at})

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
def open_till(
    servers: dict[str, Any], settings: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Till]]:
    def opened(name: str) -> Till:
        books = servers[name]
        books.reset()
        monkeypatch.setenv(f"{name.upper()}_API_BASE", books.url)
        made = stripe_till(books) if name == "stripe" else razorpay_till(books)
        aws.client("secretsmanager").create_secret(
            Name=made.secret_name, SecretString=json.dumps(made.keys)
        )
        return made

    with moto():
        yield opened


@pytest.fixture(params=["stripe", "razorpay"])
def till(request: pytest.FixtureRequest, open_till: Callable[[str], Till]) -> Till:
    return open_till(request.param)


def stripe_till(books: Any) -> Till:
    keys = {"apiKey": "sk_test_1", "webhookSecret": WEBHOOK_SECRET}
    return StripeTill(
        stripe_gateway.Stripe(), books, "commerce/stripe", keys, {**keys, "apiKey": "nobody's"}
    )


def razorpay_till(books: Any) -> Till:
    keys = {"keyId": "rzp_test_1", "keySecret": "secret", "webhookSecret": WEBHOOK_SECRET}
    return RazorpayTill(
        razorpay_gateway.Razorpay(), books, "commerce/razorpay", keys, {**keys, "keyId": "nobody's"}
    )


@contextmanager
def broken(till: Till, fault: str) -> Iterator[None]:
    """The gateway has this fault meanwhile; where it is slow, the adapters wait a fifth of a second, not five."""
    till.books.switches.set(**BROKEN[fault])
    with pytest.MonkeyPatch.context() as patched:
        for module in (stripe_gateway, razorpay_gateway) if fault == "slow" else ():
            patched.setattr(module, "_TIMEOUT_SECONDS", 0.2)
        stripe_gateway._client_for.cache_clear()  # it keeps the time that it was made with
        yield
    stripe_gateway._client_for.cache_clear()
    till.books.switches.reset()


# Beginning


def test_an_intent_that_is_begun_charges_nobody_and_belongs_to_its_order(till):
    intent = till.begin()

    assert (intent.amount, intent.currency, intent.order_id) == (TOTAL, "INR", ORDER)
    assert (intent.received, intent.refunded, intent.decline) == (0, 0, None)
    assert intent.status in (NEW, WAITING)
    assert till.money() == (0, 0)
    assert till.gateway.retrieve(intent.id) == intent


def test_beginning_again_with_the_same_key_is_the_same_intent(till):
    assert till.begin() == till.begin()

    assert till.books.totals()[ORDER]["intents"] == 1


def test_beginning_with_another_key_is_another_intent(till):
    assert till.begin().id != till.begin(key="create:2").id


def test_an_intent_whose_making_was_not_heard_of_is_found_again(till):
    till.books.switches.set(lose_creations=1)
    with pytest.raises(GatewayUnavailable):
        till.begin()

    till.begin()

    assert till.books.totals()[ORDER]["intents"] == 1


def test_at_razorpay_beginning_twice_at_the_same_moment_comes_to_the_earlier_intent(open_till):
    till = open_till("razorpay")
    till.books.switches.set(slow_ms=50)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: till.begin(), range(2)))
    earliest = till.books.store.all("order")[-1]["id"]

    assert till.begin().id == earliest


def test_the_customer_is_told_what_to_do_next(open_till):
    card = open_till("stripe").begin()
    upi = open_till("razorpay").begin()

    assert card.action == {"type": "CONFIRM_PAYMENT", "paymentIntentId": card.id}
    assert upi.action == {
        "type": "RAZORPAY_CHECKOUT",
        "razorpayOrderId": upi.id,
        "keyId": "rzp_test_1",
    }
    assert card.client_secret


def test_no_key_that_is_the_shops_alone_reaches_the_customer(open_till):
    till = open_till("razorpay")
    seen = repr(till.begin())

    assert till.keys["keySecret"] not in seen.replace("client_secret", "")
    assert WEBHOOK_SECRET not in seen


# Paying


def test_a_paid_intent_tells_what_was_captured_and_for_which_order(till):
    intent = till.paid()

    assert (intent.status, intent.received, intent.refunded) == (CAPTURED, TOTAL, 0)
    assert (intent.amount, intent.currency, intent.order_id) == (TOTAL, "INR", ORDER)
    assert till.money() == (TOTAL, 0)


def test_confirming_a_paid_intent_again_charges_nothing_more(till):
    intent = till.paid()

    assert till.attempt(intent).status == CAPTURED
    assert till.money() == (TOTAL, 0)


def test_a_charge_whose_answer_is_lost_is_found_and_not_made_again(open_till):
    till = open_till("stripe")
    intent = till.begin()
    till.books.switches.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        till.attempt(intent)

    assert till.gateway.retrieve(intent.id).status == CAPTURED
    assert till.attempt(intent).status == CAPTURED
    till.books.forget_keys()
    assert till.attempt(intent).status == CAPTURED
    assert till.money() == (TOTAL, 0)


def test_while_the_bank_takes_its_time_the_customer_waits_and_nothing_can_be_called_off(till):
    intent = till.begin()
    till.begin_to_pay(intent)
    assert till.gateway.retrieve(intent.id).status == WAITING

    till.agree(intent)

    for look in (till.gateway.retrieve(intent.id), till.gateway.cancel(intent.id)):
        assert (look.status, look.action, look.received) == (PROCESSING, {"type": "WAIT"}, 0)
    till.complete(intent)
    assert till.gateway.retrieve(intent.id).status == CAPTURED


@pytest.mark.parametrize("soft", [True, False])
def test_a_refusal_is_an_answer_in_the_banks_words_and_another_attempt_may_succeed(till, soft):
    intent = till.begin()

    till.fail(intent, soft)

    refused = till.gateway.retrieve(intent.id)
    assert refused.status == {"stripe": DECLINED, "razorpay": WAITING}[till.gateway.name]
    assert (refused.received, refused.is_soft) == (0, soft)
    assert refused.decline.startswith(("Your ", "An error occurred"))
    till.pay(intent)
    paid = till.gateway.retrieve(intent.id)
    assert (paid.status, paid.decline, paid.is_soft) == (CAPTURED, None, False)


def test_at_razorpay_the_last_attempt_tells_why_it_failed(open_till):
    till = open_till("razorpay")
    intent = till.begin()
    for soft, at in ((True, 200), (False, 100)):
        till.fail(intent, soft)
        payment = till.books.payments(intent.id)[0]
        till.books.store.put("payment", payment["id"], {**payment, "created_at": at})

    assert till.gateway.retrieve(intent.id).is_soft


def test_a_payment_method_that_does_not_exist_is_refused(open_till):
    till = open_till("stripe")

    refused = till.attempt(till.begin(), "pm_made_up")

    assert (refused.status, refused.is_soft) == (DECLINED, False)
    assert "No such PaymentMethod" in refused.decline


# Calling off


def test_what_was_called_off_is_never_paid_or_is_seen_to_be_and_can_be_given_back(till):
    intent = till.begin()
    assert till.gateway.cancel(intent.id).status == CANCELLED
    assert till.gateway.cancel(intent.id).status == CANCELLED

    till.pay(intent)

    after = till.gateway.retrieve(intent.id)
    assert (after.status, after.received) in ((CANCELLED, 0), (CAPTURED, TOTAL))
    if after.status == CAPTURED:
        assert till.gateway.refund(intent.id, "late")
    captured, refunded = till.money()
    assert captured == refunded


def test_at_razorpay_a_customer_may_pay_what_was_called_off(open_till):
    till = open_till("razorpay")
    intent = till.begin()
    till.gateway.cancel(intent.id)

    till.pay(intent)

    assert till.gateway.retrieve(intent.id).status == CAPTURED


def test_calling_off_a_paid_intent_tells_that_it_is_paid(till):
    intent = till.paid()

    assert till.gateway.cancel(intent.id).status == CAPTURED
    assert till.money() == (TOTAL, 0)


# Giving back


def test_all_is_given_back_once(till):
    intent = till.paid()

    assert till.gateway.refund(intent.id, "refund:1")

    assert till.money() == (TOTAL, TOTAL)
    after = till.gateway.retrieve(intent.id)
    assert (after.status, after.received, after.refunded) == (CAPTURED, TOTAL, TOTAL)
    assert till.gateway.refund(intent.id, "refund:2") is None


def test_parts_are_given_back_and_then_the_rest(till):
    intent = till.paid()

    first = till.gateway.refund(intent.id, "first", 1000)
    second = till.gateway.refund(intent.id, "second", 1000)
    assert till.gateway.retrieve(intent.id).refunded == 2000
    rest = till.gateway.refund(intent.id, "rest")

    assert len({first, second, rest, None}) == 4
    assert till.money() == (TOTAL, TOTAL)


@pytest.mark.parametrize("amount", [None, TOTAL, 1000])
def test_one_key_is_one_refund_also_when_the_gateway_has_forgotten_the_key(till, amount):
    intent = till.paid()
    first = till.gateway.refund(intent.id, "refund:1", amount)

    again = till.gateway.refund(intent.id, "refund:1", amount)
    till.books.forget_keys()
    much_later = till.gateway.refund(intent.id, "refund:1", amount)

    assert first == again == much_later
    assert till.money() == (TOTAL, amount or TOTAL)


@pytest.mark.parametrize("forgets", [True, False])
@pytest.mark.parametrize("amount", [None, 1000])
def test_a_refund_whose_answer_is_lost_is_found_and_not_made_again(till, amount, forgets):
    intent = till.paid()
    till.books.switches.set(lose_answers=1)
    with pytest.raises(GatewayUnavailable):
        till.gateway.refund(intent.id, "refund:1", amount)
    if forgets:
        till.books.forget_keys()

    assert till.gateway.refund(intent.id, "refund:1", amount)

    assert till.money() == (TOTAL, amount or TOTAL)


def test_refunds_of_one_key_at_the_same_moment_are_one_refund(till):
    intent = till.paid()

    def refund(_: int) -> str | None:
        try:
            return till.gateway.refund(intent.id, "refund:1", 1000)
        except GatewayUnavailable:  # the other one is under way
            return None

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(refund, range(8)))

    assert len(made - {None}) == 1
    assert till.money() == (TOTAL, 1000)


def test_refunds_of_all_by_different_keys_at_the_same_moment_give_all_back_once(till):
    intent = till.paid()
    till.books.switches.set(slow_ms=50)  # each has looked before the first has given anything back

    with ThreadPoolExecutor(4) as pool:
        made = list(
            pool.map(lambda number: till.gateway.refund(intent.id, f"refund:{number}"), range(4))
        )

    assert made.count(None) == 3
    assert till.money() == (TOTAL, TOTAL)


def test_a_refund_that_the_bank_did_not_take_is_for_a_person_to_look_at(till):
    intent = till.paid()
    till.books.fail_refund(till.gateway.refund(intent.id, "refund:1"))

    assert till.money() == (TOTAL, 0)
    for _ in range(2):
        with pytest.raises(PaymentRejected, match="failed"):
            till.gateway.refund(intent.id, "refund:1")
        till.books.forget_keys()


@pytest.mark.parametrize("amount", [TOTAL - 999, TOTAL + 1])
def test_more_than_is_left_is_refused_and_nothing_is_given_back(till, amount):
    intent = till.paid()
    till.gateway.refund(intent.id, "first", 1000)

    with pytest.raises(PaymentRejected, match="greater than"):
        till.gateway.refund(intent.id, "second", amount)

    assert till.money() == (TOTAL, 1000)


def test_a_refund_of_nothing_is_not_a_refund_of_everything(till):
    intent = till.paid()

    with pytest.raises(PaymentRejected):
        till.gateway.refund(intent.id, "refund:1", 0)

    assert till.money() == (TOTAL, 0)


def test_what_was_never_paid_cannot_be_given_back(till):
    with pytest.raises(PaymentRejected):
        till.gateway.refund(till.begin().id, "refund:1")


def test_the_refund_of_one_order_is_not_taken_for_anothers(till):
    one, other = till.paid(), till.paid("ORDER#2")
    till.gateway.refund(one.id, "refund:1")
    till.books.forget_keys()

    assert till.gateway.refund(other.id, "refund:1")

    assert till.money() == till.money("ORDER#2") == (TOTAL, TOTAL)


# A gateway out of order


@pytest.mark.parametrize("fault", BROKEN)
def test_a_gateway_that_is_out_of_order_is_told_apart_from_a_refusal(till, fault):
    with broken(till, fault), pytest.raises(GatewayUnavailable):
        till.begin(f"ORDER#{fault}", fault)

    till.begin()


@pytest.mark.parametrize("fault", ["down", "unreachable", "slow"])
def test_neither_looking_nor_calling_off_is_answered_by_guessing(till, fault):
    intent = till.paid()

    for act in (
        till.gateway.retrieve,
        till.gateway.cancel,
        lambda _: list(till.gateway.listed(0, DAY)),
    ):
        with broken(till, fault), pytest.raises(GatewayUnavailable):
            act(intent.id)


@pytest.mark.parametrize("fault", BROKEN)
def test_a_refund_that_failed_on_the_way_is_made_once_in_the_end(till, fault):
    intent = till.paid()
    with broken(till, fault), pytest.raises(GatewayUnavailable) as failure:
        till.gateway.refund(intent.id, "refund:1", 1000)
    assert till.money() == (TOTAL, 0)
    assert failure.value.answered or fault != "failing"

    for _ in range(2):
        assert till.gateway.refund(
            intent.id, "refund:1", 1000, attempt=2 if failure.value.answered else 1
        )

    assert till.money() == (TOTAL, 1000)


@pytest.mark.parametrize("status", [200, 403, 404, 502])
def test_an_answer_of_something_before_the_gateway_is_no_answer(till, monkeypatch, status):
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
            f"{till.gateway.name.upper()}_API_BASE", f"http://127.0.0.1:{proxy.server_port}"
        )
        with pytest.raises(GatewayUnavailable):
            till.begin()
        proxy.shutdown()


# The shop's keys


def test_a_wrong_key_is_the_shops_own_fault_and_the_right_one_is_noticed_at_once(till):
    till.keep_secret(json.dumps(till.wrong))
    with pytest.raises(PaymentRejected, match="does not take the shop's key"):
        till.begin()

    aws.client("secretsmanager").put_secret_value(
        SecretId=till.secret_name, SecretString=json.dumps(till.keys)
    )
    till.begin()


@pytest.fixture
def later(monkeypatch):
    """So many seconds go by for the adapters; the stand-ins' servers, in threads of this process, keep the real time."""

    def pass_by(seconds: float) -> None:
        clock = SimpleNamespace(monotonic=lambda: time.monotonic() + seconds)
        monkeypatch.setattr(gateway, "time", clock)

    return pass_by


def heard(till, body, secret):
    try:
        till.gateway.read_webhook(body, till.signed(body, secret))
    except InvalidSignature:
        return False
    return True


def test_a_secret_that_was_exchanged_counts_after_five_minutes_without_a_deployment(till, later):
    till.paid()
    body, _ = till.told()[-1]
    assert heard(till, body, WEBHOOK_SECRET)
    exchanged = json.dumps({**till.keys, "webhookSecret": "whsec_exchanged"})
    aws.client("secretsmanager").put_secret_value(SecretId=till.secret_name, SecretString=exchanged)

    later(299)
    assert heard(till, body, WEBHOOK_SECRET)
    later(301)
    assert heard(till, body, "whsec_exchanged")
    assert not heard(till, body, WEBHOOK_SECRET)


def test_while_the_keys_cannot_be_fetched_those_at_hand_go_on(till, later, monkeypatch):
    till.begin()

    def down(**_):
        raise ClientError(
            {"Error": {"Code": "InternalServiceError", "Message": "down"}}, "GetSecretValue"
        )

    with monkeypatch.context() as trouble:
        trouble.setattr(aws.client("secretsmanager"), "get_secret_value", down)
        later(301)
        till.begin()
        till.gateway.secret.forget()
        with pytest.raises(ClientError):
            till.begin()
    till.begin()


@pytest.mark.parametrize("secret", ["{}", "[]", "nonsense"])
def test_without_its_keys_a_gateway_says_which_secret_to_fill(till, secret):
    till.keep_secret(secret)

    for act in (till.begin, lambda: till.gateway.read_webhook(b"{}", till.signed(b"{}", ""))):
        with pytest.raises(GatewayNotConfigured, match=till.secret_name):
            act()


def test_each_key_that_is_missing_or_blank_is_named(till):
    for name in till.keys:
        for value in ("", "  ", None):
            till.keep_secret(json.dumps({**till.keys, name: value}))
            with pytest.raises(GatewayNotConfigured, match=name):
                till.begin()


# News


def test_every_webhook_names_its_intent_and_its_order(till):
    intent = till.begin()
    till.fail(intent)
    till.pay(intent)
    till.gateway.refund(intent.id, "refund:1")

    news = [till.gateway.read_webhook(body, headers) for body, headers in till.told()]

    assert {(each.gateway, each.intent_id, each.order_id) for each in news} == {
        (till.gateway.name, intent.id, ORDER)
    }
    assert {each.event_id for each in news} == {
        event["id"] for event in till.books.store.all("event")
    }
    assert len(news) >= 3
    assert len({each.kind for each in news}) == len(news)


def test_news_of_a_refund_that_the_bank_did_not_take_name_it_and_no_other_news_do(till):
    intent = till.paid()
    made = till.gateway.refund(intent.id, f"{ORDER}:refund")
    till.books.fail_refund(made)

    news = [till.gateway.read_webhook(body, headers) for body, headers in till.told()]

    (failed,) = [each for each in news if each.failed_refund]
    assert (failed.failed_refund, failed.intent_id, failed.order_id) == (made, intent.id, ORDER)
    assert till.gateway.retrieve(intent.id).refunded == 0


def test_a_webhook_is_believed_whatever_the_case_of_its_headers(till):
    till.paid()
    body, headers = till.told()[0]

    for change in (str.lower, str.upper, str.title):
        read = till.gateway.read_webhook(
            body, {change(name): value for name, value in headers.items()}
        )
        assert read.order_id == ORDER
    assert till.gateway.read_webhook(body.decode(), headers).order_id == ORDER


def test_a_webhook_that_the_gateway_did_not_sign_is_not_believed(till):
    till.paid()
    body, headers = till.told()[0]
    forged = {
        name: f"{value[:-1]}{'1' if value[-1] == '0' else '0'}" for name, value in headers.items()
    }

    for told, by in (
        (body, {}),
        (body, dict.fromkeys(headers, "")),
        (body, dict.fromkeys(headers, "t=1,v1=naïve")),
        (body, forged),
        (body, till.signed(body, "another secret")),
        (body.replace(str(TOTAL).encode(), str(TOTAL - 1).encode()), headers),
        (body + b" ", headers),
        (body[:-1], headers),
        (b"", headers),
    ):
        with pytest.raises(InvalidSignature):
            till.gateway.read_webhook(told, by)


@pytest.mark.parametrize("body", [b"\xff\xfe", b"not JSON", b"", b"[]", b'"text"', b"1"])
def test_what_is_no_event_is_not_believed_even_if_it_is_signed(till, body):
    with pytest.raises(InvalidSignature):
        till.gateway.read_webhook(body, till.signed(body))


def test_news_of_something_else_name_no_intent(open_till):
    till = open_till("razorpay")
    for told in ({"event": "payout.processed", "payload": {}}, {"event": "account.updated"}):
        body = json.dumps(told).encode()
        assert till.gateway.read_webhook(body, till.signed(body)).intent_id is None


def test_a_gateway_that_cannot_be_asked_whose_order_it_is_sends_the_news_again(open_till):
    till = open_till("razorpay")
    till.paid()
    told = till.told()
    till.books.switches.set(down=True)
    without_the_order = [(body, headers) for body, headers in told if b'"order.paid"' not in body]

    with pytest.raises(GatewayUnavailable):
        till.gateway.read_webhook(*without_the_order[0])


# All of them


def test_the_intents_of_a_day_are_listed_with_what_became_of_their_money(till):
    day = 19_000 * DAY
    times = {"before": day - 1, "first": day, "last": day + DAY - 1, "after": day + DAY}
    paid = {order_id: till.paid(order_id) for order_id in times}
    for order_id, at in times.items():
        till.made_at(paid[order_id], at)
    till.gateway.refund(paid["first"].id, "refund:1", 1000)

    listed = {intent.order_id: intent for intent in till.gateway.listed(day, day + DAY)}

    assert set(listed) == {"first", "last"}
    assert (listed["first"].status, listed["first"].received, listed["first"].refunded) == (
        CAPTURED,
        TOTAL,
        1000,
    )
    assert (listed["last"].received, listed["last"].refunded) == (TOTAL, 0)


def test_a_listed_intent_says_the_same_as_when_it_is_looked_at(till):
    paid, refused, open_ = till.paid("1"), till.begin("2", "2"), till.begin("3", "3")
    till.fail(refused)
    till.gateway.refund(paid.id, "refund:1", 1000)

    listed = {intent.id: intent for intent in till.gateway.listed(0, 2**40)}

    assert listed == {each.id: till.gateway.retrieve(each.id) for each in (paid, refused, open_)}


def test_more_than_a_page_of_intents_are_listed_each_once(till):
    intents = [till.begin(f"ORDER#{number}", f"create:{number}") for number in range(201)]

    listed = [intent.id for intent in till.gateway.listed(0, 2**40)]

    assert sorted(listed) == sorted(intent.id for intent in intents)


def test_the_same_amount_is_meant_whatever_the_currency(till):
    intent = till.gateway.create(ORDER, 500, "JPY", "CARD", "yen")

    assert till.gateway.retrieve(intent.id) == intent
    assert (intent.amount, intent.currency) == (500, "JPY")
