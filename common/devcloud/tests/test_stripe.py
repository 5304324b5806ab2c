import json
import queue
import re
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import stripe

from devcloud.stripe import FakeStripe, serve
from devcloud.tests.support.local_aws import answers, eventually, free_port
from devcloud.tests.support.webhook_receiver import listening

COMMON = Path(__file__).parents[2]
SECRET = "whsec_for_this_test"


@pytest.fixture
def shop():
    """An address that webhooks are sent to."""

    def read(body, headers):
        return stripe.Webhook.construct_event(body, headers["Stripe-Signature"], SECRET)

    with listening(read) as server:
        yield server


@pytest.fixture
def gateway(shop):
    with serve(
        webhook_url=f"http://127.0.0.1:{shop.server_port}/hook", webhook_secret=SECRET
    ) as running:
        yield running


@pytest.fixture
def intents(gateway):
    return client(gateway).v1.payment_intents


def client(gateway, key="sk_test_1"):
    return stripe.StripeClient(key, base_addresses={"api": gateway.url}, max_network_retries=0)


def an_intent(intents, order="ORDER#1", **options):
    params = {
        "amount": 2598,
        "currency": "usd",
        "payment_method_types": ["card"],
        "metadata": {"orderId": order},
    }
    return intents.create(params | options)


def test_an_intent_charges_nobody_until_it_is_confirmed(gateway, intents):
    intent = an_intent(intents)
    assert (intent.status, intent.amount_received) == ("requires_payment_method", 0)

    paid = intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert (paid.status, paid.amount_received, paid.metadata["orderId"]) == (
        "succeeded",
        2598,
        "ORDER#1",
    )
    assert intents.retrieve(intent.id).status == "succeeded"
    totals = httpx.get(f"{gateway.url}/_control/totals").json()
    assert totals == {"ORDER#1": {"captured": 2598, "refunded": 0, "intents": 1}}


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("pm_card_chargeDeclined", "generic_decline"),
        ("pm_card_visa_chargeDeclinedInsufficientFunds", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card"),
    ],
)
def test_a_declined_card_is_said_to_be_and_another_may_be_tried(intents, method, code):
    intent = an_intent(intents)

    with pytest.raises(stripe.CardError) as error:
        intents.confirm(intent.id, {"payment_method": method})

    assert error.value.error.decline_code == code
    assert error.value.http_status == 402
    after = intents.retrieve(intent.id)
    assert (after.status, after.last_payment_error.decline_code) == (
        "requires_payment_method",
        code,
    )
    assert intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_three_d_secure_waits_for_the_customer(gateway, intents):
    intent = an_intent(intents)
    asked = intents.confirm(intent.id, {"payment_method": "pm_card_threeDSecure2Required"})
    assert (asked.status, asked.next_action.type) == ("requires_action", "use_stripe_sdk")

    httpx.post(f"{gateway.url}/_control/payment_intents/{intent.id}/approve").raise_for_status()

    assert intents.retrieve(intent.id).status == "succeeded"


def test_a_customer_who_does_not_agree_may_try_again(gateway, intents):
    intent = an_intent(intents)
    intents.confirm(intent.id, {"payment_method": "pm_card_threeDSecure2Required"})

    httpx.post(f"{gateway.url}/_control/payment_intents/{intent.id}/refuse").raise_for_status()

    after = intents.retrieve(intent.id)
    assert after.status == "requires_payment_method"
    assert after.last_payment_error.code == "payment_intent_authentication_failure"
    assert (
        httpx.post(f"{gateway.url}/_control/payment_intents/{intent.id}/approve").status_code == 400
    )


def test_a_canceled_intent_is_never_charged_and_a_charged_one_not_canceled(intents):
    canceled, paid = an_intent(intents), an_intent(intents)
    assert intents.cancel(canceled.id).status == "canceled"
    intents.confirm(paid.id, {"payment_method": "pm_card_visa"})

    for act in (
        lambda: intents.confirm(canceled.id, {"payment_method": "pm_card_visa"}),
        lambda: intents.cancel(canceled.id),
        lambda: intents.cancel(paid.id),
        lambda: intents.confirm(paid.id, {"payment_method": "pm_card_visa"}),
    ):
        with pytest.raises(stripe.InvalidRequestError) as error:
            act()
        assert error.value.code == "payment_intent_unexpected_state"


def test_a_confirmation_and_a_cancellation_at_once_leave_one_winner(intents):
    for _ in range(10):
        intent = an_intent(intents)

        def attempt(act):
            try:
                return act().status
            except stripe.InvalidRequestError:
                return None

        acts = [
            lambda i=intent: intents.confirm(i.id, {"payment_method": "pm_card_visa"}),
            lambda i=intent: intents.cancel(i.id),
        ]
        with ThreadPoolExecutor(2) as pool:
            outcomes = set(pool.map(attempt, acts))
        assert outcomes in ({"succeeded", None}, {"canceled", None})


def test_more_than_was_charged_is_never_refunded(gateway, intents):
    intent = an_intent(intents)
    refunds = client(gateway).v1.refunds
    with pytest.raises(stripe.InvalidRequestError, match="successful charge"):
        refunds.create({"payment_intent": intent.id})
    intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert refunds.create({"payment_intent": intent.id, "amount": 1000}).amount == 1000
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded"):
        refunds.create({"payment_intent": intent.id, "amount": 1599})
    assert refunds.create({"payment_intent": intent.id}).amount == 1598
    with pytest.raises(stripe.InvalidRequestError) as error:
        refunds.create({"payment_intent": intent.id})
    assert error.value.code == "charge_already_refunded"


def test_an_idempotency_key_gets_the_first_answer_again(gateway, intents):
    params = {"amount": 100, "currency": "usd", "payment_method_types": ["card"]}
    first = intents.create(params, {"idempotency_key": "k"})
    again = intents.create(params, {"idempotency_key": "k"})

    assert first.id == again.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        intents.create(params | {"amount": 200}, {"idempotency_key": "k"})


def test_a_decline_is_kept_under_its_key_too(intents):
    intent = an_intent(intents)
    for _ in range(2):
        with pytest.raises(stripe.CardError):
            intents.confirm(
                intent.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "d"}
            )


def test_a_key_in_use_is_refused_meanwhile(gateway, intents):
    gateway.faults.set(slow_ms=0)
    key, start = "same", threading.Event()
    slow = gateway.create_intent
    gateway.create_intent = lambda params: (start.set(), threading.Event().wait(0.5), slow(params))[
        2
    ]
    params = {"amount": 100, "currency": "usd"}
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(intents.create, params, {"idempotency_key": key})
        start.wait(5)
        with pytest.raises(stripe.StripeError) as error:
            intents.create(params, {"idempotency_key": key})
        assert error.value.http_status == 409
        assert first.result().status == "requires_payment_method"


def test_what_was_refused_unread_may_be_put_right_under_the_same_key(intents):
    with pytest.raises(stripe.InvalidRequestError):
        intents.create({"amount": "12.5", "currency": "usd"}, {"idempotency_key": "k"})

    assert (
        intents.create({"amount": 1250, "currency": "usd"}, {"idempotency_key": "k"}).amount == 1250
    )


def test_a_failure_is_kept_under_its_key_and_an_overload_is_not(gateway, intents):
    params = {"amount": 100, "currency": "usd"}
    gateway.faults.set(errors=1, error_status=500)
    for _ in range(2):
        with pytest.raises(stripe.APIError) as failure:
            intents.create(params, {"idempotency_key": "failed"})
        assert failure.value.http_status == 500

    for status in (409, 429):
        gateway.faults.set(errors=1, error_status=status)
        with pytest.raises(stripe.StripeError) as error:
            intents.create(params, {"idempotency_key": "busy"})
        assert error.value.http_status == status
    assert intents.create(params, {"idempotency_key": "busy"}).amount == 100


def test_a_key_is_forgotten_after_a_day(gateway, intents, monkeypatch):
    params = {"amount": 100, "currency": "usd"}
    first = intents.create(params, {"idempotency_key": "k"})
    later = time.time() + 24 * 3600 + 1
    monkeypatch.setattr("devcloud.gateways.idempotency.time.time", lambda: later)

    assert intents.create(params, {"idempotency_key": "k"}).id != first.id


def test_a_refund_is_given_once_for_a_key(gateway, intents):
    intent = an_intent(intents)
    intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    refunds, params = client(gateway).v1.refunds, {"payment_intent": intent.id, "amount": 1000}
    gateway.faults.set(lose_answers=1)
    with pytest.raises(stripe.APIConnectionError):
        refunds.create(params, {"idempotency_key": "r"})

    assert refunds.create(params, {"idempotency_key": "r"}).amount == 1000
    assert gateway.totals() == {"ORDER#1": {"captured": 2598, "refunded": 1000, "intents": 1}}


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"currency": "usd"}, "amount"),
        ({"amount": 0, "currency": "usd"}, "amount"),
        ({"amount": "12.5", "currency": "usd"}, "amount"),
        ({"amount": 100}, "currency"),
        (
            {"amount": 100, "currency": "usd", "payment_method": "4242424242424242"},
            "payment_method",
        ),
    ],
)
def test_a_wrong_parameter_is_named(intents, params, param):
    with pytest.raises(stripe.InvalidRequestError) as error:
        intents.create(params)
    assert error.value.param == param


def test_nobody_comes_in_without_a_secret_key(gateway):
    for key in ("nonsense", "pk_test_1"):
        with pytest.raises(stripe.AuthenticationError):
            client(gateway, key).v1.payment_intents.list()


def test_a_client_secret_lets_a_browser_only_read_and_confirm_its_intent(gateway, intents):
    intent = an_intent(intents)
    browser = client(gateway, "pk_test_1").v1.payment_intents

    with pytest.raises(stripe.InvalidRequestError, match="No such payment_intent"):
        browser.confirm(intent.id, {"client_secret": "guess", "payment_method": "pm_card_visa"})
    with pytest.raises(stripe.AuthenticationError, match="publishable"):
        browser.cancel(intent.id)
    paid = browser.confirm(
        intent.id, {"client_secret": intent.client_secret, "payment_method": "pm_card_visa"}
    )

    assert paid.status == "succeeded"
    assert (
        browser.retrieve(intent.id, {"client_secret": intent.client_secret}).status == "succeeded"
    )


def test_the_number_of_a_card_is_refused(intents):
    intent = an_intent(intents)
    card = {"type": "card", "card": {"number": "4242424242424242"}}
    for params in ({"payment_method_data": card}, {"payment_method": "4242 4242 4242 4242"}):
        with pytest.raises(stripe.InvalidRequestError, match="generally unsafe"):
            intents.confirm(intent.id, params)


def test_upi_waits_for_the_customer_and_the_bank(gateway, intents):
    intent = an_intent(intents, payment_method_types=["upi"], currency="inr")
    asked = intents.confirm(intent.id, {"payment_method_data": {"type": "upi"}})
    assert (asked.status, asked.next_action.type) == ("requires_action", "upi_await_notification")

    decide(gateway, intent, "process")
    assert intents.retrieve(intent.id).status == "processing"
    with pytest.raises(stripe.InvalidRequestError) as error:
        intents.cancel(intent.id)
    assert error.value.code == "payment_intent_unexpected_state"

    decide(gateway, intent, "approve")
    assert intents.retrieve(intent.id).status == "succeeded"


def test_an_intent_takes_only_its_payment_types_unless_confirmed_with_more(intents):
    intent = an_intent(intents)
    with pytest.raises(stripe.InvalidRequestError, match="not allowed"):
        intents.confirm(intent.id, {"payment_method": "pm_upi"})

    by_upi = {"payment_method": "pm_upi", "payment_method_types": ["upi"]}
    in_rupees = an_intent(intents, currency="inr")
    assert intents.confirm(in_rupees.id, by_upi).status == "requires_action"
    with pytest.raises(stripe.InvalidRequestError, match="following currencies: inr") as error:
        intents.confirm(intent.id, by_upi)
    assert error.value.param == "currency"


@pytest.mark.parametrize(
    ("currency", "minimum", "least"),
    [("usd", 50, "$0.50 usd"), ("gbp", 30, "£0.30 gbp"), ("jpy", 50, "¥50 jpy"),
     ("inr", 50, "₹0.50 inr"), ("sek", 300, "3.00 sek")],
)  # fmt: skip
def test_less_than_the_smallest_amount_of_a_currency_is_refused(intents, currency, minimum, least):
    assert intents.create({"amount": minimum, "currency": currency}).amount == minimum

    with pytest.raises(stripe.InvalidRequestError, match=f"at least {re.escape(least)}") as error:
        intents.create({"amount": minimum - 1, "currency": currency})

    assert (error.value.code, error.value.param) == ("amount_too_small", "amount")


def test_an_intent_may_be_confirmed_as_it_is_created(gateway, intents):
    params = {
        "amount": 100,
        "currency": "usd",
        "automatic_payment_methods": {"enabled": True},
        "confirm": True,
    }
    assert intents.create(params | {"payment_method": "pm_card_visa"}).status == "succeeded"

    with pytest.raises(stripe.InvalidRequestError, match="No such PaymentMethod"):
        intents.create(params | {"payment_method": "pm_nobody"})
    assert len(gateway.store.list_all("payment_intent")) == 1


def test_intents_are_found_by_page_and_by_their_order(intents):
    made = [an_intent(intents, order=f"ORDER#{number % 2}").id for number in range(5)]

    assert [intent.id for intent in intents.list({"limit": 2}).auto_paging_iter()] == made[::-1]
    page = intents.search({"query": "metadata['orderId']:'ORDER#1'", "limit": 1})
    assert [intent.id for intent in page.auto_paging_iter()] == [made[3], made[1]]


def test_refunds_and_charges_are_found_by_their_intent(gateway, intents):
    for _ in range(2):
        intent = an_intent(intents)
        intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
        back = client(gateway).v1.refunds.create({"payment_intent": intent.id, "amount": 98})

    assert [each.id for each in client(gateway).v1.refunds.list({"payment_intent": intent.id})] == [
        back.id
    ]
    (charge,) = client(gateway).v1.charges.list({"payment_intent": intent.id})
    assert (charge.amount, charge.amount_refunded, charge.refunded) == (2598, 98, False)


def test_an_intent_shows_its_charge_in_full_if_it_is_asked_for(gateway, intents):
    intent = an_intent(intents)
    assert intents.retrieve(intent.id, {"expand": ["latest_charge"]}).latest_charge is None
    intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    client(gateway).v1.refunds.create(
        {"payment_intent": intent.id, "amount": 98, "metadata": {"refundKey": "k"}}
    )

    assert isinstance(intents.retrieve(intent.id).latest_charge, str)
    assert (
        intents.retrieve(intent.id, {"expand": ["latest_charge"]}).latest_charge.amount_refunded
        == 98
    )
    (listed,) = intents.list({"expand": ["data.latest_charge"]})
    assert listed.latest_charge.amount_refunded == 98
    (back,) = client(gateway).v1.refunds.list({"payment_intent": intent.id})
    assert back.metadata["refundKey"] == "k"


def test_intents_are_found_by_the_time_they_were_made(gateway, intents):
    made = [an_intent(intents).id for _ in range(3)]
    for place, identifier in enumerate(made):
        gateway.store.put(
            "payment_intent", identifier, {**gateway.intent(identifier), "created": 100 + place}
        )

    page = intents.list({"created": {"gte": 100, "lt": 102}, "limit": 1})

    assert [intent.id for intent in page.auto_paging_iter()] == [made[1], made[0]]
    assert [intent.id for intent in intents.list({"created": 102})] == [made[2]]
    with pytest.raises(stripe.InvalidRequestError, match="not a time"):
        intents.list({"created": {"since": 100}})


def test_the_answer_about_a_new_intent_may_get_lost(gateway, intents):
    gateway.faults.set(lose_creations=1)
    with pytest.raises(stripe.APIConnectionError):
        an_intent(intents)

    assert len(list(intents.list())) == 1


def test_keys_are_forgotten_at_once_if_so_asked(gateway, intents):
    params = {"amount": 100, "currency": "usd"}
    first = intents.create(params, {"idempotency_key": "k"})

    httpx.post(f"{gateway.url}/_control/forget-keys").raise_for_status()

    assert intents.create(params, {"idempotency_key": "k"}).id != first.id
    assert intents.retrieve(first.id).amount == 100


def decide(gateway, intent, verdict):
    httpx.post(f"{gateway.url}/_control/payment_intents/{intent.id}/{verdict}").raise_for_status()


def test_what_happened_is_told_signed(shop, intents):
    intent = an_intent(intents)
    intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    event = shop.received.get(timeout=5)

    assert (event.type, event.data.object.id) == ("payment_intent.succeeded", intent.id)


def test_a_webhook_that_is_not_taken_comes_again(shop, intents):
    shop.answers.put(500)
    intents.confirm(an_intent(intents).id, {"payment_method": "pm_card_visa"})

    assert shop.received.get(timeout=5).type == "payment_intent.succeeded"


def test_webhooks_come_twice_or_not_at_all_if_so_switched(shop, gateway, intents):
    gateway.faults.set(duplicate_webhooks=True)
    intents.confirm(an_intent(intents).id, {"payment_method": "pm_card_visa"})
    assert shop.received.get(timeout=5).id == shop.received.get(timeout=5).id

    gateway.faults.set(webhooks=False)
    intents.confirm(an_intent(intents).id, {"payment_method": "pm_card_visa"})
    with pytest.raises(queue.Empty):
        shop.received.get(timeout=0.3)


def test_each_webhook_comes_as_often_as_switched(shop, gateway, intents):
    gateway.faults.set(webhook_copies=3)
    intents.confirm(an_intent(intents).id, {"payment_method": "pm_card_visa"})

    assert len({shop.received.get(timeout=5).id for _ in range(3)}) == 1
    with pytest.raises(queue.Empty):
        shop.received.get(timeout=0.3)


def test_webhooks_may_come_in_the_wrong_order_and_late(shop, gateway, intents):
    gateway.faults.set(reorder_webhooks=True, webhook_delay_ms=50)
    intent = an_intent(intents)
    intents.confirm(intent.id, {"payment_method": "pm_card_threeDSecure2Required"})
    decide(gateway, intent, "approve")

    events = [shop.received.get(timeout=5).type for _ in range(2)]
    assert events == ["payment_intent.succeeded", "payment_intent.requires_action"]


def test_what_was_not_delivered_is_after_a_restart(shop, tmp_path):
    url = f"http://127.0.0.1:{shop.server_port}/hook"
    first = FakeStripe(tmp_path / "stripe.db", "http://127.0.0.1:1", SECRET)
    _, intent = first.create_intent({"amount": "100", "currency": "usd"})
    first.cancel_intent(intent["id"], {})
    first.close()

    second = FakeStripe(tmp_path / "stripe.db", url, SECRET)
    assert shop.received.get(timeout=5).type == "payment_intent.canceled"
    second.close()


def test_a_gateway_that_is_down_says_nothing_useful(gateway, intents):
    gateway.faults.set(down=True)
    with pytest.raises(stripe.APIError):
        an_intent(intents)
    gateway.faults.reset()
    assert an_intent(intents).status == "requires_payment_method"


def test_an_answer_may_get_lost_after_the_charge(gateway, intents):
    intent = an_intent(intents)
    gateway.faults.set(lose_answers=1)

    with pytest.raises(stripe.APIConnectionError):
        intents.confirm(intent.id, {"payment_method": "pm_card_visa"})

    assert intents.retrieve(intent.id).status == "succeeded"


def test_a_switch_that_does_not_exist_is_named(gateway):
    answer = httpx.post(f"{gateway.url}/_control/switches", json={"dwon": True})

    assert answer.status_code == 400
    assert "dwon is not a switch" in answer.json()["error"]


def test_a_gateway_that_cannot_be_reached_does_nothing(gateway, intents):
    gateway.faults.set(unreachable=True)
    with pytest.raises(stripe.APIConnectionError):
        an_intent(intents)

    httpx.post(f"{gateway.url}/_control/switches/reset").raise_for_status()
    assert list(intents.list()) == []


def test_everything_can_be_forgotten(gateway, intents):
    an_intent(intents)
    httpx.post(f"{gateway.url}/_control/reset").raise_for_status()

    assert httpx.get(f"{gateway.url}/_control/totals").json() == {}


def test_what_was_answered_survives_a_kill(tmp_path):
    """Kill the process after its response: the charge and its key survive."""
    with running(tmp_path) as (process, api):
        intent = an_intent(api)
        paid = api.confirm(
            intent.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "pay"}
        )
        process.kill()

    with running(tmp_path) as (_, api):
        again = api.confirm(
            intent.id, {"payment_method": "pm_card_visa"}, {"idempotency_key": "pay"}
        )
        assert again.latest_charge == paid.latest_charge
        assert again.last_response.headers["Idempotent-Replayed"] == "true"


@contextmanager
def running(directory):
    """The fake as a process of its own."""
    port = free_port()
    secrets = directory / "secrets.json"
    secrets.write_text(json.dumps({"stripe_webhook_secret": SECRET}))
    flags = ["--port", str(port), "--state", str(directory / "stripe.json")]
    flags += ["--webhook-url", "http://127.0.0.1:1", "--secrets", str(secrets)]
    process = subprocess.Popen([sys.executable, "-m", "devcloud.stripe", *flags], cwd=COMMON)
    assert eventually(lambda: answers(port), 20)
    base = {"api": f"http://127.0.0.1:{port}"}
    try:
        yield process, stripe.StripeClient("sk_test_1", base_addresses=base).v1.payment_intents
    finally:
        process.kill()
        process.wait()


def test_the_books_survive_a_restart(tmp_path):
    first = FakeStripe(tmp_path / "stripe.db")
    _, intent = first.create_intent({"amount": "100", "currency": "usd"})
    first.close()

    second = FakeStripe(tmp_path / "stripe.db")
    assert second.intent(intent["id"])["amount"] == 100
    second.close()
