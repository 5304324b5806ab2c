"""Who tests stolen cards is slowed: five declined cards an hour, then a wait."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from chalice.local import LambdaEventConverter
from tests.checkout_shop import ORDER

from chalicelib.card_limits import service as card_limits
from chalicelib.card_limits.errors import CounterContended
from chalicelib.payments.errors import GatewayUnavailable, PaymentDeclined
from common import clock, dynamodb
from testkit.resources import table
from testkit.tokens import JIMMY

DECLINED = "pm_card_chargeDeclined"


@pytest.fixture(autouse=True)
def few_per_source(shop, monkeypatch):
    monkeypatch.setenv("DECLINES_PER_SOURCE", "5")


@pytest.fixture
def set_source_ip(monkeypatch):
    return lambda address: monkeypatch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", address)


def order_id(number):
    return f"ORDER#{2000 + number}"


def decline(shop, number, user_id=JIMMY):
    with pytest.raises(PaymentDeclined) as refused:
        shop.charge(order_id=order_id(number), payment_method=DECLINED, userId=user_id)
    return str(refused.value)


def pay(shop, token, number=99, method="pm_card_visa"):
    shop.add_order(order_id(number))
    return shop.api.post(
        "/checkout", {"orderId": order_id(number), "paymentMethod": method}, token=token
    )


def test_after_five_declined_cards_a_customer_waits_an_hour(shop, jimmy, monkeypatch):
    for number in range(5):
        assert pay(shop, jimmy, 50 + number).status_code == 202
        decline(shop, number)

    refused = pay(shop, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (429, "TooManyDeclines")
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["Retry-After"] in refused.json_body["Message"]
    monkeypatch.setattr(clock, "epoch", lambda: int(time.time() + 3601))
    assert pay(shop, jimmy).status_code == 202


def test_orders_placed_another_way_are_not_charged_either(shop):
    for number in range(5):
        decline(shop, number)
    before = len(shop.intents())

    assert "too many cards" in decline(shop, 5)
    assert len(shop.intents()) == before


def test_a_declined_card_counts_once_however_often_it_is_repeated(shop, jimmy):
    pay(shop, jimmy, 50)

    def charge(_):
        with suppress(PaymentDeclined, GatewayUnavailable):  # the gateway sees one at a time
            shop.charge(order_id=order_id(1), payment_method=DECLINED)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(charge, range(8)))
    for _ in range(5):
        decline(shop, 1)
    shop.deliver_webhooks()

    assert pay(shop, jimmy).status_code == 202


def test_declines_at_the_same_moment_are_each_counted(shop, jimmy):
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(lambda number: decline(shop, number), range(5)))

    assert pay(shop, jimmy).status_code == 429


def test_accounts_of_one_source_wait_together(shop, jimmy, tokens, set_source_ip):
    set_source_ip("203.0.113.9")
    for number in range(5):
        user_id = f"USER#01TESTER{number}"
        tester = tokens.customer(user_id, "tester@example.com")
        shop.api.post("/checkout", {"paymentMethod": DECLINED}, token=tester)
        decline(shop, number, user_id)

    assert pay(shop, jimmy).status_code == 429
    set_source_ip("203.0.113.10")
    assert pay(shop, jimmy).status_code == 202


def test_a_declined_card_is_no_mail_to_the_admins(shop):
    decline(shop, 1)
    shop.add_order(order_id(2))
    for number in (1, 2):  # the second order failed for another reason
        notice = {"userId": JIMMY, "kind": "ORDER_FAILED", "orderId": order_id(number)}
        shop.api.invoke("send-notification", {**notice, "reason": "it failed"})

    sent = [(row["audience"], row["orderId"]) for row in shop.notifications()]
    assert sorted(sent) == [
        ("admin", order_id(2)),
        ("customer", order_id(1)),
        ("customer", order_id(2)),
    ]


def test_without_a_new_card_nobody_is_refused(shop, jimmy):
    for number in range(5):
        decline(shop, number)
    shop.add_order(ORDER)

    assert shop.api.post("/checkout", {"orderId": ORDER}, token=jimmy).status_code == 202


def test_counters_hold_digests_and_expire(shop, jimmy):
    pay(shop, jimmy, 50)
    decline(shop, 1)

    rows = table("CardDeclines").scan()["Items"]
    assert len(rows) == 3
    assert all(row["expiresAt"] > clock.epoch() for row in rows)
    assert not [word for word in (JIMMY, "127.0.0.1") if word in str(rows)]


def test_counting_a_decline_among_endless_conflicts_ends(shop, monkeypatch):
    monkeypatch.setattr(dynamodb, "update_if", lambda *_, **__: False)

    with pytest.raises(CounterContended):
        card_limits.count_decline("attempt", JIMMY)
