"""Somebody lived with the shop, and closes the account: what any table or log of any service says of them then."""

import json
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from devcloud.shop import Shop
from tests.support.actors import Customer, ok, until
from tests.support.probe import Sight


class Zoe(Customer):
    """She forgot her password, bought, gave something back, has things in her cart, and was written to by name."""

    def lived(self, bowl: str, sight: Sight, person: dict[str, str]) -> None:
        self.words = list(person.values())
        ok(self.http.post("/user/password/forgotten", json={"email": self.email}), 202)
        self.order_id = self.buy(bowl, 2)
        assert self.outcome(self.order_id)["status"] == "CONFIRMED"
        part, key = {"items": [{"productId": bowl, "qty": 1}]}, {"Idempotency-Key": "k-1"}
        ok(
            self.http.post(
                f"/order/{quote(self.order_id, safe='')}/refund", json=part, headers=key
            ),
            202,
        )
        self.put_in_cart(bowl, 1)
        letter = {"userId": self.user_id, "message": f"Dear {person['name']}, ..."}
        sight.invoke("checkout-orchestrator-local-send-notification", letter)


@pytest.fixture
def zoe(shop: Shop, bowl: str, sight: Sight) -> Iterator[Zoe]:
    mark = uuid.uuid4()
    person = {
        "email": f"zoe-{mark.hex}@example.com",
        "name": f"Zoe {mark.hex}",
        "phone": f"+1{mark.int % 10**13:013}",
    }
    ok(
        httpx.post(f"{shop.url}/user/register", json={**person, "password": "sesame"}, timeout=40),
        201,
    )
    customer = Zoe.logged_in(shop.url, person["email"], "sesame")
    customer.lived(bowl, sight, person)
    yield customer
    customer.leave()


def speaking_of(words: list[str], sight: Sight) -> set[str]:
    """The tables, and the Lambdas' logs, in which any of these words stands."""
    return {name for name, text in everything(sight) if any(word in text for word in words)}


def everything(sight: Sight) -> Iterator[tuple[str, str]]:
    dynamodb, logs = sight.client("dynamodb"), sight.client("logs")
    for table in dynamodb.list_tables()["TableNames"]:
        yield (
            table,
            json.dumps(pages(dynamodb, "scan", "Items", TableName=table, ConsistentRead=True)),
        )
    for group in pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        yield name, json.dumps(pages(logs, "filter_log_events", "events", logGroupName=name))


def pages(client: Any, call: str, what: str, **asked: Any) -> list[Any]:
    return [each for page in client.get_paginator(call).paginate(**asked) for each in page[what]]


def test_who_leaves_takes_along_what_is_kept_of_them_and_leaves_orders_without_a_name(
    zoe: Zoe, sight: Sight
) -> None:
    exported = ok(zoe.http.get("/user/export"))
    shown = json.dumps([exported, *(ok(zoe.http.get(path)) for path in exported["elsewhere"])])
    assert [word for word in [*zoe.words, zoe.order_id] if word not in shown] == []
    assert speaking_of(zoe.words, sight) == {"Users", "Notifications"}
    assert sight.kept_in("Carts", userId=zoe.user_id)

    assert zoe.http.request("DELETE", "/user", json={"password": "sesame"}).is_success

    assert until(lambda: speaking_of(zoe.words, sight), lambda found: not found, 30) == set()
    until(lambda: sight.kept_in("Carts", userId=zoe.user_id), lambda rows: not rows, 30)
    order = sight.row("Orders", orderId=zoe.order_id)
    assert (order["userId"], order["totalMinor"], order["status"]) == (
        zoe.user_id,
        2598,
        "PARTLY_REFUNDED",
    )
