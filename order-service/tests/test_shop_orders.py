"""What staff see of all orders, and the numbers that people read out."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from order_actors import Customer, error_of
from order_factories import BOWL, SHAKE, row

from common import clock
from common.pages import encode_cursor
from common.roles import Role
from testkit.resources import table
from testkit.tokens import AMY, JIMMY

NUMBER = r"\d{6}-[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}"


@pytest.fixture
def warehouse(api, tokens, catalogue):
    return Customer(api, tokens.staff(Role.WAREHOUSE))


@pytest.fixture
def place(api, jimmy, amy, monkeypatch):
    """Place an order at a time, and pay for it unless it is told not to."""

    def place(at, person=None, paid=True):
        monkeypatch.setattr(clock, "now", lambda: at)
        order_id = (person or jimmy).order((BOWL, 1)).json_body["orderId"]
        if paid:
            api.invoke("create-order-record", {"orderId": order_id, "paymentId": f"PAY#{at}"})
        return order_id

    return place


@pytest.fixture
def days(place):
    """Paid orders of five days, the oldest first."""
    return [place(f"2026-03-0{day}T12:00:00.00{day}Z") for day in (1, 2, 3, 4, 5)]


def order_ids(response):
    assert response.status_code == 200, response.json_body
    return [order["orderId"] for order in response.json_body]


def pages(person, query):
    """Each page of the list."""
    orders, cursor = [], ""
    while cursor is not None:
        response = person.list(f"?view=all&{query}{cursor and '&cursor='}{cursor}")
        orders.append(order_ids(response))
        cursor = response.headers.get("X-Next-Cursor")
    return orders


def test_every_order_has_a_number_that_people_can_read(jimmy, order):
    number = jimmy.get(order).json_body["orderNumber"]

    assert number == row(order)["orderNumber"]
    assert len(number) == 18
    assert number[:6] == jimmy.get(order).json_body["createdAt"][2:10].replace("-", "")


def test_orders_of_the_same_moment_have_different_numbers(place, jimmy):
    moment = "2026-03-01T12:00:00.000Z"
    first, second = place(moment), place(moment)

    assert row(first)["orderNumber"] != row(second)["orderNumber"]


def test_a_failed_order_that_was_never_stored_gets_a_number(api, jimmy):
    api.invoke("fail-order", {"orderId": "ORDER#1", "userId": JIMMY, "reason": "x"})

    assert row("ORDER#1")["orderNumber"] == jimmy.get("ORDER#1").json_body["orderNumber"]


def test_an_order_from_before_there_were_numbers_has_one(jimmy, warehouse, order):
    number = row(order)["orderNumber"]
    table("Orders").update_item(Key={"orderId": order}, UpdateExpression="REMOVE orderNumber")

    assert jimmy.get(order).json_body["orderNumber"] == number
    assert order_ids(warehouse.list(f"?view=all&orderNumber={number}")) == [order]


def test_staff_find_an_order_by_its_number_as_it_is_typed(warehouse, days):
    number = row(days[2])["orderNumber"]
    typed = number.lower().replace("-", " ").replace("1", "l").replace("0", "o")

    for text in (number, typed, number.replace("-", "")):
        assert order_ids(warehouse.list(f"?view=all&orderNumber={quote(text)}")) == [days[2]]


def test_a_number_that_no_order_has_finds_none(warehouse, days):
    number = row(days[2])["orderNumber"]
    other = number[:-1] + ("2" if number[-1] != "2" else "3")

    assert order_ids(warehouse.list(f"?view=all&orderNumber={other}")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "261126-1G8KQ-27XT",
        "261326-00000-00000",
        "261126-ZZZZZ-Z0000",
        "0" * 3000,
        "é" * 16,
    ],
)
def test_what_is_no_number_is_refused(warehouse, text):
    response = warehouse.list(f"?view=all&orderNumber={quote(text)}")

    assert error_of(response) == (400, "InvalidQuery")
    assert response.json_body["Message"].startswith("orderNumber: expected a number such as")


def test_staff_see_all_customers_orders_newest_first(place, warehouse, amy):
    orders = [place("2026-03-01T12:00:00.000Z"), place("2026-03-02T12:00:00.000Z", amy)]
    orders.append(place("2026-03-02T12:00:00.001Z", paid=False))

    assert order_ids(warehouse.list("?view=all")) == orders[::-1]


@pytest.mark.parametrize("limit", [1, 2, 3, 5])
def test_the_list_of_all_orders_comes_in_pages(warehouse, days, limit):
    orders = pages(warehouse, f"limit={limit}")

    assert [order for page in orders for order in page] == days[::-1]
    assert all(len(page) <= limit for page in orders)


def test_orders_of_one_moment_are_on_one_page_each(place, warehouse, amy):
    moment = "2026-03-01T12:00:00.000Z"
    orders = {place(moment, person) for person in (None, None, None, amy, amy)}

    seen = [order for page in pages(warehouse, "limit=2") for order in page]
    assert (len(seen), set(seen)) == (5, orders)


def test_staff_list_the_orders_of_some_days(warehouse, days):
    assert order_ids(warehouse.list("?view=all&from=2026-03-02&to=2026-03-03")) == days[1:3][::-1]
    assert order_ids(warehouse.list("?view=all&to=2026-03-02")) == days[:2][::-1]


def test_staff_list_the_orders_of_one_status(api, warehouse, days, place):
    failed = place("2026-03-05T13:00:00.000Z", paid=False)
    api.invoke("fail-order", {"orderId": failed, "reason": "x"})

    assert pages(warehouse, "status=FAILED&limit=1")[0] == [failed]
    assert order_ids(warehouse.list("?view=all&status=CONFIRMED")) == days[::-1]


def test_what_is_to_be_shipped_comes_oldest_first(warehouse, place, days):
    place("2026-03-05T14:00:00.000Z", paid=False)

    assert order_ids(warehouse.list("?view=all&fulfilmentStatus=UNFULFILLED")) == days
    orders = pages(warehouse, "fulfilmentStatus=UNFULFILLED&limit=2")
    assert [order for page in orders for order in page] == days


def test_an_order_that_waits_for_a_year_is_still_to_be_shipped(warehouse, place):
    old = place("2025-01-01T12:00:00.000Z")
    new = place("2026-03-05T12:00:00.000Z")

    assert order_ids(warehouse.list("?view=all&fulfilmentStatus=UNFULFILLED")) == [old, new]
    within = "?view=all&fulfilmentStatus=UNFULFILLED&from=2026-03-01"
    assert order_ids(warehouse.list(within)) == [new]


def test_a_cancelled_order_is_not_to_be_shipped(jimmy, warehouse, days):
    jimmy.cancel(days[0])

    assert order_ids(warehouse.list("?view=all&fulfilmentStatus=UNFULFILLED")) == days[1:]


def test_a_refunded_order_is_not_to_be_shipped(admin, warehouse, days, complete_refunds):
    complete_refunds(admin.refund(days[0]))
    admin.refund(days[1], (BOWL, 1), key="goods")

    assert order_ids(warehouse.list("?view=all&fulfilmentStatus=UNFULFILLED")) == days[2:]


def test_an_order_of_which_something_is_left_stays_to_be_shipped(admin, warehouse, paid):
    admin.refund(paid, (SHAKE, 3), key="shakes")

    assert order_ids(warehouse.list("?view=all&fulfilmentStatus=UNFULFILLED")) == [paid]


def test_staff_find_a_customers_orders_by_address(place, warehouse, amy):
    table("Users").put_item(Item={"userId": "EMAIL#amy@example.com", "ownerId": AMY})
    place("2026-03-01T12:00:00.000Z")
    orders = [place(f"2026-03-0{day}T12:00:00.000Z", amy) for day in (2, 3)]

    assert order_ids(warehouse.list("?view=all&email=Amy%40Example.com")) == orders[::-1]
    by_day = "?view=all&email=amy%40example.com&to=2026-03-02"
    assert order_ids(warehouse.list(by_day)) == orders[:1]
    by_work = "?view=all&email=amy%40example.com&fulfilmentStatus=DELIVERED"
    assert order_ids(warehouse.list(by_work)) == []
    assert order_ids(warehouse.list("?view=all&email=nobody%40example.com")) == []


def test_an_address_whose_account_ended_unproved_finds_nothing(place, warehouse):
    ended = {"userId": "EMAIL#jimmy@example.com", "ownerId": JIMMY, "expiresAt": 1}
    table("Users").put_item(Item=ended)
    place("2026-03-01T12:00:00.000Z")

    assert order_ids(warehouse.list("?view=all&email=jimmy%40example.com")) == []


@pytest.mark.parametrize("role", [Role.SUPPORT, Role.WAREHOUSE, Role.FINANCE, Role.ADMIN])
def test_staff_with_the_scope_see_all_orders(api, tokens, order, role):
    assert order_ids(Customer(api, tokens.staff(role)).list("?view=all")) == [order]


def test_nobody_else_sees_all_orders(api, tokens, jimmy, order):
    for person in (jimmy, Customer(api, tokens.staff(Role.CATALOGUE))):
        assert error_of(person.list("?view=all")) == (403, "InsufficientScope")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("view=mine", "view"),
        ("email=a%40b.c", "email"),
        ("fulfilmentStatus=UNFULFILLED", "fulfilmentStatus"),
        ("orderNumber=261126-00000-00000", "orderNumber"),
        ("from=2026-01-01", "from"),
        ("view=all&userId=USER%231", "userId"),
        ("view=all&fulfilmentStatus=LOST", "fulfilmentStatus"),
        ("view=all&from=yesterday", "from"),
        ("view=all&from=2026-01-01&to=2026-02-01", "from"),
        ("view=all&from=2026-01-02&to=2026-01-01", "from"),
        ("view=all&from=9999-12-31", "from"),
        ("view=all&email=" + "a" * 255, "email"),
        ("view=all&email=a%40b.c&orderNumber=261126-00000-00000", "orderNumber"),
        ("view=all&status=FAILED&orderNumber=261126-00000-00000", "orderNumber"),
    ],
)
def test_a_query_that_makes_no_sense_names_its_field(admin, query, field):
    response = admin.list(f"?{query}")

    assert error_of(response) == (400, "InvalidQuery")
    assert field in response.json_body["Message"].partition(":")[0]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
def test_days_out_of_all_bounds_list_nothing_or_the_present(admin, order, day):
    assert admin.list(f"?view=all&to={day}").status_code == 200


def test_a_forged_cursor_of_all_orders_is_refused(admin, order):
    now = datetime.now(UTC) - timedelta(days=1)
    place = {"createdAt": {"S": clock.iso(now.timestamp())}, "orderId": {"S": "ORDER#1"}}
    assert admin.list(f"?view=all&cursor={encode_cursor(place)}").status_code == 200

    forged = [{**place, name: value} for name in place for value in ({"N": "1"}, {"S": ""})]
    forged += [{**place, "createdAt": {"S": "2026-13-01T00:00:00.000Z"}}]
    forged += [{**place, "orderId": {"S": "x" * 200}}, {**place, "status": {"S": "x"}}]
    forged += [{"orderId": {"S": "ORDER#1"}}]
    for cursor in ("abc", *map(encode_cursor, forged)):
        for query in ("", "fulfilmentStatus=UNFULFILLED&"):
            response = admin.list(f"?view=all&{query}cursor={cursor}")
            assert error_of(response) == (400, "InvalidCursor"), cursor
