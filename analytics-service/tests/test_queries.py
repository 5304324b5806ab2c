from datetime import UTC, date, datetime, timedelta

import pytest
from analytics_factories import DAY, JIMMY, change, order, order_done, payment, stock

from common.pages import encode_cursor

EVENTS, REPORTS = "/analytics/events", "/analytics/reports"


def test_every_route_has_the_authorizer(api):
    public = {
        (path, method)
        for path, methods in api.app.routes.items()
        for method, route in methods.items()
        if route.authorizer is None
    }
    assert public == set()
    assert set(api.app.routes) == {EVENTS, REPORTS}


@pytest.mark.parametrize("path", [EVENTS, REPORTS])
def test_a_customer_is_rejected_as_not_an_admin(api, tokens, path):
    response = api.get(path, token=tokens.customer())

    assert (response.status_code, response.json_body["Code"]) == (403, "InsufficientScope")
    assert api.get(path).status_code in (401, 403)


@pytest.fixture
def three_days(analytics):
    """Orders 1 to 9 of two customers, three a day. The second of each day failed."""
    for number in range(1, 10):
        at = f"2025-10-{11 + (number + 2) // 3}T{8 + number % 3:02}:00:00.000Z"
        user_id = JIMMY if number % 2 else "USER#01ANN"
        analytics.orders(change("Orders", None, order(number, at=at, userId=user_id)))
        if number % 3 == 2:
            failed = order(number, "FAILED", at.replace(":00:00", ":30:00"), userId=user_id)
            analytics.orders(change("Orders", order(number), failed))
    return analytics


def numbers(rows):
    return [int(row["metadata"]["orderId"].removeprefix("ORDER#")) for row in rows]


def in_time_order(rows):
    times = [row["timestamp"] for row in rows]
    return times == sorted(times, reverse=True)


def test_events_are_found_by_customer_type_and_day_newest_first(three_days):
    for query, expected in [
        ({"day": "2025-10-13"}, [4, 5, 5, 6]),
        ({"from": "2025-10-13", "to": "2025-10-14"}, [4, 5, 5, 6, 7, 8, 8, 9]),
        ({"type": "ORDER_FAILED"}, [2, 5, 8]),
        ({"type": "ORDER_FAILED", "day": "2025-10-13"}, [5]),
        ({"userId": JIMMY}, [1, 3, 5, 5, 7, 9]),
        ({"userId": "01JIMMY"}, [1, 3, 5, 5, 7, 9]),
        ({"userId": JIMMY, "type": "ORDER_FAILED"}, [5]),
        ({"userId": JIMMY, "from": "2025-10-13", "to": "2025-10-14"}, [5, 5, 7, 9]),
        ({"userId": JIMMY, "type": "ORDER_CREATED", "day": "2025-10-14"}, [7, 9]),
        ({"userId": "USER#01NOBODY"}, []),
        ({"day": "2025-10-20"}, []),
    ]:
        rows = three_days.events(**query)
        assert sorted(numbers(rows)) == expected, query
        assert in_time_order(rows), query


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2025-10-10", "to": "2025-10-15"},
        {"userId": JIMMY},
        {"type": "ORDER_CREATED"},
        {"userId": JIMMY, "type": "ORDER_CREATED"},
    ],
)
def test_the_pages_add_up_to_the_whole_list(three_days, query):
    whole = three_days.events(**query, limit=100)
    for limit in (1, 2, 3, 5, 12):
        read = list(pages(three_days, limit, query))

        assert [row for page in read for row in page] == whole
        assert all(len(page) == limit for page in read[:-1])
        assert 0 < len(read[-1]) <= limit


def pages(analytics, limit, query):
    cursor = {}
    while cursor is not None:
        response = analytics.get("events", **query, limit=limit, **cursor)
        yield response.json_body
        next_cursor = response.headers.get("X-Next-Cursor")
        cursor = {"cursor": next_cursor} if next_cursor else None


def test_events_with_one_timestamp_are_all_on_some_page(analytics):
    analytics.orders(*[change("Orders", None, order(number)) for number in range(5)])
    listed, cursor = [], {}
    for _ in range(3):
        response = analytics.get("events", day=DAY, limit=2, **cursor)
        listed += numbers(response.json_body)
        cursor = {"cursor": response.headers.get("X-Next-Cursor")}

    assert sorted(listed) == [0, 1, 2, 3, 4]


def test_without_a_query_the_latest_events_are_listed(analytics):
    now = datetime.now(UTC)
    days_ago = [0, 3, 91, 93]
    for number in days_ago:
        at = (
            (now - timedelta(days=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        )
        analytics.orders(change("Orders", None, order(number, at=at)))

    response = analytics.get("events")
    assert numbers(response.json_body) == [0, 3, 91]


def test_an_invalid_query_is_rejected_naming_what_was_expected(analytics):
    for query, code, expected in [
        ({"limit": 0}, "InvalidQuery", "limit"),
        ({"limit": 101}, "InvalidQuery", "limit"),
        ({"limit": "many"}, "InvalidQuery", "limit"),
        ({"type": "ORDER_EATEN"}, "InvalidQuery", "type"),
        ({"day": "yesterday"}, "InvalidQuery", "day"),
        ({"day": DAY, "from": DAY}, "PeriodInvalid", "day"),
        ({"from": DAY}, "PeriodInvalid", "from"),
        ({"to": DAY}, "PeriodInvalid", "to"),
        ({"from": "2025-10-14", "to": DAY}, "PeriodInvalid", "from"),
        ({"from": "2025-01-01", "to": "2025-04-03"}, "PeriodInvalid", "92"),
        ({"userId": "a b"}, "InvalidId", "USER#"),
        ({"day": DAY, "cursor": "abc"}, "InvalidCursor", "cursor"),
        (
            {"day": DAY, "cursor": encode_cursor({"day": {"S": DAY}})},
            "InvalidCursor",
            "cursor",
        ),
        ({"day": DAY, "cursor": cursor_at("", f"{DAY}T12:00")}, "InvalidCursor", "cursor"),
        ({"day": DAY, "cursor": cursor_at("EVT#1", 1)}, "InvalidCursor", "cursor"),
        (
            {"day": DAY, "cursor": cursor_at("EVT#" + "1" * 3000, f"{DAY}T12:00:00.000Z")},
            "InvalidCursor",
            "cursor",
        ),
        (
            {"day": DAY, "cursor": cursor_at("EVT#1", f"{DAY}T12:00:00.000Z" + "0" * 2000)},
            "InvalidCursor",
            "cursor",
        ),
    ]:
        response = analytics.get("events", **query)
        assert (response.status_code, response.json_body["Code"]) == (400, code), query
        assert expected in response.json_body["Message"], query


def cursor_at(event_id, timestamp):
    return encode_cursor({"eventId": {"S": event_id}, "timestamp": {"S": timestamp}})


def test_a_cursor_of_another_period_is_rejected(three_days):
    cursor = three_days.get("events", day="2025-10-13", limit=1).headers["X-Next-Cursor"]

    response = three_days.get("events", day="2025-10-12", cursor=cursor)

    assert (response.status_code, response.json_body["Code"]) == (400, "InvalidCursor")


def test_a_period_is_reported_day_by_day_without_gaps(three_days):
    reports = three_days.get("reports", **{"from": "2025-10-11", "to": "2025-10-14"}).json_body

    assert [(row["day"], row["ordersCreated"], row["ordersFailed"]) for row in reports] == [
        ("2025-10-11", 0, 0),
        ("2025-10-12", 3, 1),
        ("2025-10-13", 3, 1),
        ("2025-10-14", 3, 1),
    ]
    assert reports[0]["revenue"] == {}


def test_without_a_day_today_is_reported(analytics):
    today = datetime.now(UTC).date().isoformat()
    analytics.done(order_done(at=f"{today}T00:00:00.000Z"))

    (report,) = analytics.get("reports").json_body
    assert (report["day"], report["revenue"]) == (today, {"USD": 25.98})


def test_a_report_covers_at_most_ninety_two_days(analytics):
    first = date(2025, 7, 1)
    quarter = {"from": first.isoformat(), "to": (first + timedelta(days=91)).isoformat()}
    more = {"from": first.isoformat(), "to": (first + timedelta(days=92)).isoformat()}

    assert len(analytics.get("reports", **quarter).json_body) == 92
    response = analytics.get("reports", **more)
    assert (response.status_code, response.json_body["Code"]) == (400, "PeriodInvalid")


def test_events_of_a_day_add_up_across_all_shards(analytics):
    analytics.payments(
        *[change("Payments", None, payment(number, "SUCCEEDED")) for number in range(60)]
    )
    analytics.inventory(
        *[change("Inventory", stock(number), stock(number + 1)) for number in range(3)]
    )

    assert analytics.counted() == {"paymentsSucceeded": 60}


def test_a_day_is_the_shops_own_also_when_clocks_change(analytics, monkeypatch):
    monkeypatch.setenv("SHOP_TIME_ZONE", "America/New_York")
    for number, at in enumerate(
        (
            "2025-11-02T03:59:59.999Z",  # the evening before, at UTC-4
            "2025-11-02T04:00:00.000Z",  # midnight
            "2025-11-03T04:59:59.999Z",  # 25 hours later, at UTC-5
            "2025-11-03T05:00:00.000Z",
        )
    ):
        analytics.orders(change("Orders", None, order(number, at=at, createdAt=at)))

    days = {"2025-11-01": [0], "2025-11-02": [2, 1], "2025-11-03": [3]}
    for day, expected in days.items():
        assert analytics.counted(day) == {"ordersCreated": len(expected)}
        for query in ({}, {"type": "ORDER_CREATED"}, {"userId": JIMMY}):
            assert numbers(analytics.events(day=day, **query)) == expected
    period = {"from": "2025-11-01", "to": "2025-11-03"}
    assert [row for page in pages(analytics, 1, period) for row in numbers(page)] == [3, 2, 1, 0]


def test_today_is_the_shops_own_day(analytics, monkeypatch):
    days = set()
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):  # 26 hours apart
        monkeypatch.setenv("SHOP_TIME_ZONE", zone)
        (report,) = analytics.get("reports").json_body
        days.add(report["day"])

    assert len(days) == 2
