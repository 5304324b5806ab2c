import pytest
from tests.people import AMY, BOWL, SHAKE, refusal, table

from common import clock, http
from testkit.tokens import JIMMY


def ids(response):
    assert response.status_code == 200
    return [order["orderId"] for order in response.json_body]


@pytest.fixture
def three(jimmy):
    """Jimmy's orders, oldest first."""
    return [jimmy.order((BOWL, qty)).json_body["orderId"] for qty in (1, 2, 3)]


def test_a_customer_sees_an_order_with_its_lines(jimmy):
    created = jimmy.order((BOWL, 2), (SHAKE, 1)).json_body

    response = jimmy.see(created["orderId"])

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
            },
            {"productId": SHAKE, "name": "Shake", "qty": 1, "price": 3.5, "lineTotal": 3.5},
        ],
    }


def test_an_order_shows_how_it_was_paid_or_why_it_was_not(api, jimmy, confirmed):
    assert jimmy.see(confirmed).json_body["paymentId"] == "PAY#2001"

    failed = jimmy.order((BOWL, 1)).json_body["orderId"]
    api.invoke("fail-order", {"orderId": failed, "reason": "Your card was declined."})
    assert jimmy.see(failed).json_body["reason"] == "Your card was declined."


def test_an_order_is_found_by_its_bare_id_too(jimmy, order):
    assert jimmy.see(order.removeprefix("ORDER#")).json_body["orderId"] == order


def test_nobody_else_sees_it_but_an_admin(jimmy, amy, admin, order):
    assert refusal(amy.see(order)) == (404, "OrderNotFound")
    assert admin.see(order).json_body == jimmy.see(order).json_body


def test_another_customers_order_and_none_look_the_same(amy, order):
    none = amy.see("ORDER#none").json_body["Message"]

    assert amy.see(order).json_body["Message"] == none.replace("ORDER#none", order)


def test_what_cannot_be_an_orders_id_is_refused(jimmy):
    for nonsense in ("ORDER#", "no such!", "x" * 80, "USER#1"):
        assert refusal(jimmy.see(nonsense)) == (400, "InvalidId"), nonsense


def test_a_customers_orders_come_newest_first(jimmy, amy, three):
    amy.order((BOWL, 1))

    assert ids(jimmy.list()) == three[::-1]


def test_who_never_ordered_has_an_empty_list(jimmy):
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


def test_a_list_of_one_status_comes_in_pages_too(api, jimmy, three):
    api.invoke("fail-order", {"orderId": three[1], "reason": "x"})
    assert ids(jimmy.list("?status=FAILED")) == [three[1]]

    first = jimmy.list("?status=CREATED&limit=1")
    second = jimmy.list(f"?status=CREATED&limit=1&cursor={first.headers['X-Next-Cursor']}")

    assert ids(first) + ids(second) == [three[2], three[0]]


def test_an_admin_lists_anybodys_orders(jimmy, admin, three):
    assert ids(admin.list(f"?userId={JIMMY.replace('#', '%23')}")) == three[::-1]
    assert ids(admin.list()) == []


def test_a_customer_lists_only_their_own(jimmy, three):
    assert refusal(jimmy.list(f"?userId={AMY.replace('#', '%23')}")) == (403, "NotYours")
    assert ids(jimmy.list(f"?userId={JIMMY.replace('#', '%23')}")) == three[::-1]


def test_a_query_that_cannot_be_meant_is_refused(jimmy):
    for query in ("?limit=0", "?limit=101", "?limit=many", "?limit=1.5", "?status=LOST"):
        assert refusal(jimmy.list(query)) == (400, "InvalidQuery"), query


def test_a_cursor_that_this_list_never_gave_is_refused(jimmy):
    place = {"orderId": {"S": "ORDER#1"}, "userId": {"S": JIMMY}, "createdAt": {"S": "2025"}}
    assert jimmy.list(f"?cursor={http.encode_cursor(place)}").status_code == 200

    forged = [{**place, name: value} for name in place for value in ({"N": "1"}, {"S": ""})]
    forged += [
        {**place, "userId": {"S": AMY}},
        {**place, "status": {"S": "x"}},
        {"orderId": {"S": "ORDER#1"}},
    ]
    forged += [
        {**place, name: {"S": place[name]["S"] + "0" * 3000}} for name in ("createdAt", "orderId")
    ]
    for cursor in ("abc", *map(http.encode_cursor, forged)):
        assert refusal(jimmy.list(f"?cursor={cursor}")) == (400, "InvalidCursor"), cursor


def orders_of(day):
    """The orders that the eight shards of the index have of a day."""
    query = {"IndexName": "by-day", "KeyConditionExpression": "placedOn = :key"}
    return [
        table("Orders").query(**query, ExpressionAttributeValues={":key": f"{day}#{shard}"})[
            "Items"
        ]
        for shard in range(8)
    ]


def test_all_orders_of_a_day_are_found_whatever_became_of_them(api, jimmy, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: "2025-10-13T23:59:59.999Z")
    placed = [jimmy.order((BOWL, 1)).json_body["orderId"] for _ in range(20)]
    api.invoke("fail-order", {"orderId": "ORDER#never-stored", "userId": JIMMY, "reason": "x"})
    monkeypatch.setattr(clock, "now", lambda: "2025-10-14T00:00:00.000Z")
    jimmy.cancel(placed[0])
    late = jimmy.order((BOWL, 1)).json_body["orderId"]

    found = orders_of("2025-10-13")

    assert sorted(order["orderId"] for shard in found for order in shard) == sorted(
        [*placed, "ORDER#never-stored"]
    )
    assert [order["orderId"] for shard in orders_of("2025-10-14") for order in shard] == [late]
    assert sum(1 for shard in found if shard) > 4  # of eight, so that no partition takes them all
    assert set(next(order for shard in found for order in shard)) == {"orderId", "placedOn"}
