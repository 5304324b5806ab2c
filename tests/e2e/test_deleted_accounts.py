"""After an account is deleted, no table and no log of any service names its owner."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devcloud.shop import Shop
from tests.support.actors import Customer, ok, poll_until
from tests.support.probe import ShopProbe


class Zoe(Customer):
    """A customer with orders, a refund, a cart, and notices that name her."""

    def use_the_shop(self, bowl: str, probe: ShopProbe, person: dict[str, str]) -> None:
        self.words = list(person.values())
        ok(self.http.post("/user/password/forgotten", json={"email": self.email}), 202)
        self.order_id = self.buy(bowl, 2)
        assert self.await_outcome(self.order_id)["status"] == "CONFIRMED"
        ok(self.cancel(self.order_id))
        self.add_to_cart(bowl, 1)
        notice = {"userId": self.user_id, "message": f"Dear {person['name']}, ..."}
        probe.invoke("checkout-orchestrator-local-send-notification", notice)


@pytest.fixture
def zoe(shop: Shop, bowl: str, probe: ShopProbe) -> Iterator[Zoe]:
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
    customer = Zoe.log_in(shop.url, person["email"], "sesame")
    customer.use_the_shop(bowl, probe, person)
    yield customer
    customer.close()


def places_with(words: list[str], probe: ShopProbe) -> set[str]:
    """The tables and log groups that contain any of these words."""
    return {name for name, text in all_texts(probe) if any(word in text for word in words)}


def all_texts(probe: ShopProbe) -> Iterator[tuple[str, str]]:
    dynamodb, logs = probe.client("dynamodb"), probe.client("logs")
    for table in dynamodb.list_tables()["TableNames"]:
        yield (
            table,
            json.dumps(pages(dynamodb, "scan", "Items", TableName=table, ConsistentRead=True)),
        )
    for group in pages(logs, "describe_log_groups", "logGroups"):
        name = group["logGroupName"]
        yield name, json.dumps(pages(logs, "filter_log_events", "events", logGroupName=name))


def pages(client: Any, call: str, items: str, **arguments: Any) -> list[Any]:
    return [
        each for page in client.get_paginator(call).paginate(**arguments) for each in page[items]
    ]


def test_a_deleted_account_leaves_orders_without_a_name_and_no_more(
    zoe: Zoe, probe: ShopProbe
) -> None:
    exported = ok(zoe.http.get("/user/export"))
    shown = json.dumps([exported, *(ok(zoe.http.get(path)) for path in exported["elsewhere"])])
    assert [word for word in [*zoe.words, zoe.order_id] if word not in shown] == []
    assert places_with(zoe.words, probe) == {"Users", "Notifications"}
    assert probe.query("Carts", userId=zoe.user_id)

    assert zoe.http.request("DELETE", "/user", json={"password": "sesame"}).is_success

    assert poll_until(lambda: places_with(zoe.words, probe), lambda places: not places, 30) == set()
    poll_until(lambda: probe.query("Carts", userId=zoe.user_id), lambda rows: not rows, 30)
    order = poll_until(
        lambda: probe.row("Orders", orderId=zoe.order_id),
        lambda row: row["status"] == "REFUNDED",
        30,
    )
    assert (order["userId"], order["totalMinor"]) == (zoe.user_id, 2598)
