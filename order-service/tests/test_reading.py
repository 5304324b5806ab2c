import pytest
from order_actors import error_of
from order_factories import BOWL, SHAKE

from common import clock
from common.pages import encode_cursor
from testkit.resources import table
from testkit.tokens import AMY, JIMMY


def ids(response):
    assert response.status_code == 200
    return [order["orderId"] for order in response.json_body]


NO_PARTS = {"discount": 0, "tax": 0}


@pytest.fixture
def three(jimmy):
    """Jimmy's orders, oldest first."""
    return [jimmy.order((BOWL, qty)).json_body["orderId"] for qty in (1, 2, 3)]


def test_a_customer_sees_an_order_with_its_lines(jimmy):
    created = jimmy.order((BOWL, 2), (SHAKE, 1)).json_body

    response = jimmy.get(created["orderId"])

    assert response.status_code == 200
    assert response.json_body == {
        **created,
        "userId": JIMMY,
        "method": "CARD",
        "updatedAt": created["createdAt"],
        "items": [
            {
                "productId": BOWL,
                "name": "Protein Bowl",
                "qty": 2,
                "price": 12.99,
                "lineTotal": 25.98,
                **NO_PARTS,
            },
            {
                "productId": SHAKE,
                "name": "Shake",
                "qty": 1,
                "price": 3.5,
                "lineTotal": 3.5,
                **NO_PARTS,
            },
        ],
        "subtotal": 29.48,
        "discountTotal": 0,
        "taxTotal": 0,
        "taxIncluded": True,
    }


def test_an_order_shows_how_it_was_paid_or_why_it_was_not(api, jimmy, confirmed):
    assert jimmy.get(confirmed).json_body["paymentId"] == "PAY#2001"

    failed = jimmy.order((BOWL, 1)).json_body["orderId"]
    api.invoke("fail-order", {"orderId": failed, "reason": "Your card was declined."})
    assert jimmy.get(failed).json_body["reason"] == "Your card was declined."


def test_an_order_is_found_by_its_bare_id(jimmy, order):
    assert jimmy.get(order.removeprefix("ORDER#")).json_body["orderId"] == order


def test_only_its_customer_and_admins_see_an_order(jimmy, amy, admin, order):
    assert error_of(amy.get(order)) == (404, "OrderNotFound")
    assert admin.get(order).json_body == jimmy.get(order).json_body


def test_another_customers_order_looks_like_none(amy, order):
    none = amy.get("ORDER#none").json_body["Message"]

    assert amy.get(order).json_body["Message"] == none.replace("ORDER#none", order)


def test_an_invalid_order_id_is_rejected(jimmy):
    for invalid in ("ORDER#", "no such!", "x" * 80, "USER#1"):
        assert error_of(jimmy.get(invalid)) == (400, "InvalidId"), invalid


def test_a_customers_orders_are_listed_newest_first(jimmy, amy, three):
    amy.order((BOWL, 1))

    assert ids(jimmy.list()) == three[::-1]


def test_a_customer_without_orders_gets_an_empty_list(jimmy):
    response = jimmy.list()

    assert (response.status_code, response.json_body) == (200, [])
    assert "X-Next-Cursor" not in response.headers


def test_a_long_list_comes_in_pages(jimmy, three):
    seen, cursor = [], ""
    while cursor is not None:
        response = jimmy.list(f"?limit=2{cursor and '&cursor='}{cursor}")
        assert len(response.json_body) <= 2
        seen += ids(response)
        cursor = response.headers.get("X-Next-Cursor")

    assert seen == three[::-1]


def test_a_list_of_one_status_comes_in_pages(api, jimmy, three):
    api.invoke("fail-order", {"orderId": three[1], "reason": "x"})
    assert ids(jimmy.list("?status=FAILED")) == [three[1]]

    first = jimmy.list("?status=CREATED&limit=1")
    second = jimmy.list(f"?status=CREATED&limit=1&cursor={first.headers['X-Next-Cursor']}")

    assert ids(first) + ids(second) == [three[2], three[0]]


def test_an_admin_lists_any_customers_orders(jimmy, admin, three):
    assert ids(admin.list(f"?userId={JIMMY.replace('#', '%23')}")) == three[::-1]
    assert ids(admin.list()) == []


def test_a_customer_lists_only_their_own(jimmy, three):
    assert error_of(jimmy.list(f"?userId={AMY.replace('#', '%23')}")) == (403, "NotYours")
    assert ids(jimmy.list(f"?userId={JIMMY.replace('#', '%23')}")) == three[::-1]


def test_an_invalid_query_is_rejected(jimmy):
    for query in ("?limit=0", "?limit=101", "?limit=many", "?limit=1.5", "?status=LOST"):
        assert error_of(jimmy.list(query)) == (400, "InvalidQuery"), query


def test_a_forged_cursor_is_rejected(jimmy):
    place = {"orderId": {"S": "ORDER#1"}, "userId": {"S": JIMMY}, "createdAt": {"S": "2025"}}
    assert jimmy.list(f"?cursor={encode_cursor(place)}").status_code == 200

    forged = [{**place, name: value} for name in place for value in ({"N": "1"}, {"S": ""})]
    forged += [
        {**place, "userId": {"S": AMY}},
        {**place, "status": {"S": "x"}},
        {"orderId": {"S": "ORDER#1"}},
    ]
    forged += [
        {**place, name: {"S": place[name]["S"] + "0" * 3000}} for name in ("createdAt", "orderId")
    ]
    for cursor in ("abc", *map(encode_cursor, forged)):
        assert error_of(jimmy.list(f"?cursor={cursor}")) == (400, "InvalidCursor"), cursor


def orders_of(day):
    """The orders of a day in each of the eight shards of the index."""
    query = {"IndexName": "by-day", "KeyConditionExpression": "placedOn = :key"}
    return [
        table("Orders").query(**query, ExpressionAttributeValues={":key": f"{day}#{shard}"})[
            "Items"
        ]
        for shard in range(8)
    ]


def test_all_orders_of_a_day_are_indexed_in_any_status(api, jimmy, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: "2025-10-13T23:59:59.999Z")
    placed = [jimmy.order((BOWL, 1)).json_body["orderId"] for _ in range(20)]
    api.invoke("fail-order", {"orderId": "ORDER#never-stored", "userId": JIMMY, "reason": "x"})
    monkeypatch.setattr(clock, "now", lambda: "2025-10-14T00:00:00.000Z")
    jimmy.cancel(placed[0])
    late = jimmy.order((BOWL, 1)).json_body["orderId"]

    shards = orders_of("2025-10-13")

    assert sorted(order["orderId"] for shard in shards for order in shard) == sorted(
        [*placed, "ORDER#never-stored"]
    )
    assert [order["orderId"] for shard in orders_of("2025-10-14") for order in shard] == [late]
    assert sum(1 for shard in shards if shard) > 4  # of eight, so that no partition takes them all
    assert set(next(order for shard in shards for order in shard)) == {"orderId", "placedOn"}
