import json
import queue
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import razorpay
import requests
from razorpay.errors import BadRequestError, ServerError

from devcloud.razorpay import FakeRazorpay, serve
from devcloud.tests.support.local_aws import answers, eventually, free_port
from devcloud.tests.support.webhook_receiver import listening

COMMON = Path(__file__).parents[2]
SECRET = "secret_for_this_test"
ORDER = {
    "amount": 2598,
    "currency": "INR",
    "receipt": "r1",
    "notes": {"orderId": "ORDER#1"},
    "payment_capture": 1,
}


@pytest.fixture
def shop():
    """An address that webhooks are sent to, which keeps them with their ids."""

    def read(body, headers):
        text = body.decode()
        client("http://nowhere").utility.verify_webhook_signature(
            text, headers["X-Razorpay-Signature"], SECRET
        )
        return json.loads(text), headers["X-Razorpay-Event-Id"]

    with listening(read) as server:
        yield server


@pytest.fixture
def gateway(shop):
    with serve(
        webhook_url=f"http://127.0.0.1:{shop.server_port}/hook", webhook_secret=SECRET
    ) as running:
        yield running


@pytest.fixture
def api(gateway):
    return client(gateway.url)


def client(url, key_id="rzp_test_1"):
    return razorpay.Client(auth=(key_id, "secret"), base_url=url)


def decide(gateway, order, verdict):
    """The customer, in Razorpay's checkout."""
    return httpx.post(f"{gateway.url}/_control/orders/{order['id']}/{verdict}")


def paid(gateway, api, **options):
    order = api.order.create({**ORDER, **options})
    decide(gateway, order, "approve").raise_for_status()
    return api.order.payments(order["id"])["items"][0]


def test_an_order_charges_nobody_until_the_customer_pays(gateway, api):
    order = api.order.create(ORDER)
    assert (order["status"], order["amount_paid"], order["amount_due"]) == ("created", 0, 2598)
    assert api.order.payments(order["id"])["items"] == []

    decide(gateway, order, "approve").raise_for_status()

    after = api.order.fetch(order["id"])
    assert (after["status"], after["amount_paid"], after["notes"]) == (
        "paid",
        2598,
        {"orderId": "ORDER#1"},
    )
    (payment,) = api.order.payments(order["id"])["items"]
    assert (payment["status"], payment["captured"], payment["order_id"]) == (
        "captured",
        True,
        order["id"],
    )
    totals = httpx.get(f"{gateway.url}/_control/totals").json()
    assert totals == {"ORDER#1": {"captured": 2598, "refunded": 0, "intents": 1}}


def test_an_order_that_does_not_ask_for_it_is_not_captured(gateway, api):
    payment = paid(gateway, api, payment_capture=0)

    assert (payment["status"], payment["captured"]) == ("authorized", False)
    assert gateway.totals()["ORDER#1"]["captured"] == 0


def test_the_same_order_twice_is_two_orders(api):
    assert api.order.create(ORDER)["id"] != api.order.create(ORDER)["id"]

    assert api.order.all({"receipt": "r1"})["count"] == 2
    assert api.order.all({"receipt": "r2"})["count"] == 0


@pytest.mark.parametrize(
    ("verdict", "code"), [("refuse", "BAD_REQUEST_ERROR"), ("fail", "GATEWAY_ERROR")]
)
def test_a_failed_payment_says_why_and_the_customer_may_try_again(gateway, api, verdict, code):
    order = api.order.create(ORDER)
    decide(gateway, order, verdict).raise_for_status()

    (failed,) = api.order.payments(order["id"])["items"]
    assert (failed["status"], failed["error_code"]) == ("failed", code)
    assert api.order.fetch(order["id"])["status"] == "attempted"
    decide(gateway, order, "approve").raise_for_status()
    newest, _ = api.order.payments(order["id"])["items"]
    assert newest["status"] == "captured"
    assert api.order.fetch(order["id"])["attempts"] == 2


def test_an_authorized_payment_is_captured_later(gateway, api):
    order = api.order.create(ORDER)
    decide(gateway, order, "authorize").raise_for_status()
    assert gateway.totals()["ORDER#1"]["captured"] == 0

    decide(gateway, order, "approve").raise_for_status()

    assert [payment["status"] for payment in api.order.payments(order["id"])["items"]] == [
        "captured"
    ]


def test_an_order_is_paid_once(gateway, api):
    order = api.order.create(ORDER)
    decide(gateway, order, "approve").raise_for_status()

    assert decide(gateway, order, "approve").status_code == 400
    assert gateway.totals()["ORDER#1"]["captured"] == 2598


def test_more_than_was_captured_is_never_refunded(gateway, api):
    payment = paid(gateway, api)

    assert api.payment.refund(payment["id"], {"amount": 1000})["amount"] == 1000
    with pytest.raises(BadRequestError, match="greater than"):
        api.payment.refund(payment["id"], {"amount": 1599})
    api.payment.refund(payment["id"], {"amount": 1598})
    with pytest.raises(BadRequestError, match="fully refunded already"):
        api.payment.refund(payment["id"], {"amount": 100})

    (after,) = api.order.payments(payment["order_id"])["items"]
    assert (after["status"], after["amount_refunded"], after["captured"]) == (
        "refunded",
        2598,
        True,
    )
    assert gateway.totals()["ORDER#1"] == {"captured": 2598, "refunded": 2598, "intents": 1}


def test_what_was_not_captured_cannot_be_refunded(gateway, api):
    with pytest.raises(BadRequestError, match="should be captured"):
        api.payment.refund(paid(gateway, api, payment_capture=0)["id"], {"amount": 100})


def test_a_refund_is_given_once_for_a_key(gateway, api):
    payment, once = paid(gateway, api), {"headers": {"X-Refund-Idempotency": "0123456789"}}
    gateway.faults.set(lose_answers=1)
    with pytest.raises(requests.RequestException):
        api.payment.refund(payment["id"], {"amount": 1000}, **once)

    again = [api.payment.refund(payment["id"], {"amount": 1000}, **once)["id"] for _ in range(2)]

    assert len(set(again)) == 1
    assert gateway.totals()["ORDER#1"]["refunded"] == 1000
    with pytest.raises(BadRequestError, match="Different request body"):
        api.payment.refund(payment["id"], {"amount": 500}, **once)
    httpx.post(f"{gateway.url}/_control/forget-keys").raise_for_status()
    api.payment.refund(payment["id"], {"amount": 1000}, **once)
    assert gateway.totals()["ORDER#1"]["refunded"] == 2000


def test_a_key_that_is_too_short_or_of_other_signs_is_refused(gateway, api):
    payment = paid(gateway, api)
    for key in ("123456789", "ORDER#1:refund:1"):
        with pytest.raises(BadRequestError, match="idempotency key"):
            api.payment.refund(
                payment["id"], {"amount": 100}, headers={"X-Refund-Idempotency": key}
            )


def test_refunds_are_listed_with_their_notes(gateway, api):
    payment, other = paid(gateway, api), paid(gateway, api)
    made = api.payment.refund(payment["id"], {"amount": 1000, "notes": {"refundKey": "k"}})
    api.payment.refund(other["id"], {"amount": 500})

    assert api.payment.fetch_multiple_refund(payment["id"])["items"] == [made]
    assert made["notes"] == {"refundKey": "k"}


def test_orders_are_found_by_page_and_by_time_with_their_payments(gateway, api):
    made = [
        api.order.create({**ORDER, "notes": {"orderId": str(number)}})["id"] for number in range(5)
    ]
    decide(gateway, {"id": made[0]}, "approve").raise_for_status()
    moved = {**gateway.order(made[4]), "created_at": 1_000_000}
    gateway.store.put("order", made[4], moved)

    first, second = api.order.all({"count": 2}), api.order.all({"count": 2, "skip": 2})
    assert [order["id"] for order in first["items"] + second["items"]] == made[:0:-1]
    in_time = api.order.all({"from": 1_000_000, "to": 1_000_000})
    assert [order["id"] for order in in_time["items"]] == [made[4]]
    (oldest,) = api.order.all({"skip": 4, "expand[]": "payments"})["items"]
    assert oldest["payments"]["items"][0]["status"] == "captured"
    with pytest.raises(BadRequestError):
        api.order.all({"count": 101})


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": 99},
        {"amount": "2598"},
        {"amount": 25.98},
        {"currency": "inr"},
        {"currency": ""},
        {"receipt": "r" * 41},
        {"notes": {"orderId": "x" * 257}},
    ],
)
def test_a_wrong_order_is_refused_and_the_field_is_named(gateway, wrong):
    answer = httpx.post(
        f"{gateway.url}/v1/orders", json=ORDER | wrong, auth=("rzp_test_1", "secret")
    )

    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BAD_REQUEST_ERROR"
    assert answer.json()["error"]["field"] == next(iter(wrong))


def test_nobody_comes_in_without_keys(gateway):
    for auth in (None, ("nobody", "secret"), ("rzp_test_1", "")):
        assert httpx.get(f"{gateway.url}/v1/orders", auth=auth).status_code == 401
    assert (
        httpx.get(
            f"{gateway.url}/v1/orders", headers={"Authorization": "Basic é%".encode()}
        ).status_code
        == 401
    )


def test_what_happened_is_told_signed(shop, gateway, api):
    order = api.order.create(ORDER)
    decide(gateway, order, "refuse").raise_for_status()
    decide(gateway, order, "authorize").raise_for_status()
    decide(gateway, order, "approve").raise_for_status()
    payment = api.order.payments(order["id"])["items"][0]
    api.payment.refund(payment["id"], {"amount": 1000})

    events = [shop.received.get(timeout=5) for _ in range(5)]

    assert {event["event"] for event, _ in events} == {
        "payment.failed",
        "payment.authorized",
        "payment.captured",
        "order.paid",
        "refund.processed",
    }
    assert len({event_id for _, event_id in events}) == 5
    assert all(
        event["payload"]["payment"]["entity"]["order_id"] == order["id"] for event, _ in events
    )
    (of_order,) = (event for event, _ in events if event["event"] == "order.paid")
    assert of_order["payload"]["order"]["entity"]["notes"] == {"orderId": "ORDER#1"}


def test_a_rejected_webhook_is_retried_and_each_is_copied_as_configured(shop, gateway, api):
    gateway.faults.set(webhook_copies=3)
    shop.answers.put(500)
    decide(gateway, api.order.create(ORDER), "refuse").raise_for_status()

    events = [shop.received.get(timeout=5) for _ in range(3)]

    assert len({event_id for _, event_id in events}) == 1
    with pytest.raises(queue.Empty):
        shop.received.get(timeout=0.3)


def test_a_gateway_that_is_out_of_order_does_nothing(gateway, api):
    for faults, problem in (
        ({"down": True}, ServerError),
        ({"unreachable": True}, requests.RequestException),
        ({"errors": 1, "error_status": 500}, ServerError),
        ({"errors": 1, "error_status": 409}, BadRequestError),
        ({"errors": 1, "error_status": 429}, BadRequestError),
    ):
        gateway.faults.set(**faults)
        with pytest.raises(problem):
            api.order.create(ORDER)
        httpx.post(f"{gateway.url}/_control/switches/reset").raise_for_status()

    assert gateway.totals() == {}
    gateway.faults.set(lose_creations=1)
    with pytest.raises(requests.RequestException):
        api.order.create(ORDER)
    assert gateway.totals()["ORDER#1"]["intents"] == 1


def test_what_is_not_there_is_said_to_be(gateway, api):
    with pytest.raises(BadRequestError, match="does not exist"):
        api.order.fetch("order_none")
    with pytest.raises(BadRequestError, match="does not exist"):
        api.payment.refund("pay_none", {"amount": 100})
    assert decide(gateway, {"id": "order_none"}, "approve").status_code == 400
    assert decide(gateway, {"id": "order_none"}, "applaud").status_code == 404


def test_what_was_answered_survives_a_kill(tmp_path):
    """Kill the process after its response: charge and refund survive."""
    with running(tmp_path) as (process, gateway):
        payment = paid(gateway, client(gateway.url))
        client(gateway.url).payment.refund(payment["id"], {"amount": 1000})
        process.kill()

    with running(tmp_path) as (_, gateway):
        totals = httpx.get(f"{gateway.url}/_control/totals").json()
        assert totals == {"ORDER#1": {"captured": 2598, "refunded": 1000, "intents": 1}}


@contextmanager
def running(directory):
    """The fake as a process of its own."""
    port = free_port()
    secrets = directory / "secrets.json"
    secrets.write_text(json.dumps({"razorpay_webhook_secret": SECRET}))
    flags = ["--port", str(port), "--state", str(directory / "razorpay.db")]
    flags += ["--webhook-url", "http://127.0.0.1:1", "--secrets", str(secrets)]
    process = subprocess.Popen([sys.executable, "-m", "devcloud.razorpay", *flags], cwd=COMMON)
    try:
        assert eventually(lambda: answers(port), 20)
        yield process, Address(f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


class Address:
    def __init__(self, url):
        self.url = url


def test_state_survives_a_restart_and_pending_webhooks_are_sent_after_it(shop, tmp_path):
    first = FakeRazorpay(tmp_path / "razorpay.db", "http://127.0.0.1:1", SECRET)
    order = first.create_order(ORDER)
    first.refuse(order["id"])
    first.close()

    second = FakeRazorpay(
        tmp_path / "razorpay.db", f"http://127.0.0.1:{shop.server_port}/hook", SECRET
    )
    assert second.order(order["id"])["status"] == "attempted"
    event, _ = shop.received.get(timeout=5)
    assert event["event"] == "payment.failed"
    second.close()


def test_upi_pays_in_rupees_only(gateway, api):
    order = api.order.create({**ORDER, "currency": "USD"})

    refused = decide(gateway, order, "approve")

    assert refused.status_code == 400
    assert "international currencies" in refused.text
    assert api.order.payments(order["id"])["items"] == []
