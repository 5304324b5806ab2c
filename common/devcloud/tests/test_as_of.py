"""A fake that starts as of a moment has undone what came later."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from devcloud.processes import Process
from devcloud.tests.support.local_aws import answers, free_port
from devcloud.tests.support.webhook_receiver import listening

Start = Callable[..., str]


@pytest.fixture
def start(tmp_path) -> Iterator[Start]:
    """Start the fake of Stripe on the same state each time. Returns its URL."""
    process, port = Process(tmp_path, "stripe"), free_port()
    (tmp_path / "secrets.json").write_text(json.dumps({"stripe_webhook_secret": "whsec_test"}))

    def run(as_of: int | None = None, webhook_url: str = "http://127.0.0.1:9/") -> str:
        process.stop()
        given = [
            "--port",
            str(port),
            "--state",
            str(tmp_path / "stripe.json"),
            "--webhook-url",
            webhook_url,
        ]
        given += ["--secrets", str(tmp_path / "secrets.json")]
        process.start(
            "devcloud.stripe", [*given, *(["--as-of", str(as_of)] if as_of is not None else [])], {}
        )
        process.await_answer(lambda: answers(port))
        return f"http://127.0.0.1:{port}"

    yield run
    process.stop()


def charge(url: str, order: str, key: str | None = None) -> str:
    intent = {
        "amount": 1299,
        "currency": "usd",
        "payment_method": "pm_card_visa",
        "confirm": "true",
    }
    headers = {"Authorization": "Bearer sk_test", "Idempotency-Key": key or order}
    answer = httpx.post(
        f"{url}/v1/payment_intents", data={**intent, "metadata[orderId]": order}, headers=headers
    )
    return str(answer.raise_for_status().json()["id"])


def refund(url: str, intent: str) -> None:
    headers = {"Authorization": "Bearer sk_test"}
    httpx.post(
        f"{url}/v1/refunds", data={"payment_intent": intent}, headers=headers
    ).raise_for_status()


def totals(url: str) -> dict[str, dict[str, int]]:
    return dict(httpx.get(f"{url}/_control/totals").json())


def test_charges_and_refunds_of_later_are_forgotten(start):
    url = start()
    early = charge(url, "early")
    moment = time.time_ns()
    refund(url, early)
    charge(url, "late")

    assert totals(start(as_of=moment)) == {"early": {"captured": 1299, "refunded": 0, "intents": 1}}


def test_a_key_that_was_first_used_later_is_as_good_as_new(start):
    url = start()
    moment = time.time_ns()
    first = charge(url, "order", key="key")

    again = charge(start(as_of=moment), "order", key="key")

    assert again != first
    assert totals(start()) == {"order": {"captured": 1299, "refunded": 0, "intents": 1}}


def test_coming_back_twice_to_ever_earlier_moments_works(start):
    url = start()
    charge(url, "first")
    one = time.time_ns()
    charge(url, "second")
    two = time.time_ns()
    charge(url, "third")

    assert set(totals(start(as_of=two))) == {"first", "second"}
    assert set(totals(start(as_of=one))) == {"first"}


def test_emptied_books_are_full_again(start):
    url = start()
    charge(url, "order")
    moment = time.time_ns()
    httpx.post(f"{url}/_control/reset").raise_for_status()

    assert set(totals(start(as_of=moment))) == {"order"}


def test_as_of_nothing_the_books_are_empty(start):
    charge(start(), "order")

    assert totals(start(as_of=0)) == {}


def test_without_a_moment_nothing_is_forgotten(start):
    charge(start(), "order")

    assert set(totals(start())) == {"order"}


def test_webhooks_of_what_never_was_are_not_sent_and_earlier_ones_are(start):
    with listening(
        lambda body, headers: json.loads(body)["data"]["object"]["metadata"]["orderId"]
    ) as inbox:
        url = start()  # nobody listens yet
        charge(url, "early")
        moment = time.time_ns()
        charge(url, "late")

        start(as_of=moment, webhook_url=f"http://127.0.0.1:{inbox.server_port}/")

        assert inbox.received.get(timeout=10) == "early"
        time.sleep(1)  # a wrong one would have been sent at the same time
        assert inbox.received.empty()


def test_the_log_of_changes_does_not_grow_for_ever(tmp_path, monkeypatch):
    from devcloud.gateways import store, undo_log

    monkeypatch.setattr(undo_log, "KEPT_SECONDS", 0)
    monkeypatch.setattr(undo_log, "KEPT_ENTRIES", 100)
    snapshot = store.Store(tmp_path / "books")
    with snapshot.transaction():
        for number in range(2_500):
            snapshot.put("intent", "one", {"number": number})
    snapshot.close()

    count = sqlite3.connect(tmp_path / "books").execute("SELECT count(*) FROM undo").fetchone()[0]
    assert count < 1_200
