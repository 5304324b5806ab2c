"""What is not counted never runs out, and what is low is announced once."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from actors import BOWL
from steps import error_of, new_order

from testkit import service_client
from testkit.events import waiting

GIFT_WRAP = {"name": "Gift wrap", "price": 2, "counted": False}


@pytest.fixture
def wrap(shop):
    """A product whose stock is not counted."""
    return shop.api.post("/product", GIFT_WRAP, token=shop.admin).json_body["productId"]


@pytest.fixture
def falls(shop, bus):
    """Deliver the stream and its queue. Returns what StockLow said until now."""

    def deliver(times=1):
        for _ in range(times):
            shop.api.stream("on-stock-stream", service_client.stream_records("Inventory"))
            shop.api.sqs("on-stock-low", waiting("stock-low-queue"))
        details = {event["detail"]["eventId"]: event["detail"] for event in bus.events("StockLow")}
        return [(one["productId"], one["availableStock"]) for one in details.values()]

    return deliver


def stored_stock(shop, product_id):
    """Available, reserved and sold, which add up to what the movements supplied."""
    row = shop.row("Inventory", productId=product_id)
    available, reserved, sold = (row[f"{name}Stock"] for name in ("available", "reserved", "sold"))
    moved = sum(movement["change"] for movement in shop.movements(product_id).json_body)
    assert available + reserved + sold == row["suppliedStock"] == moved
    return available, reserved, sold


def test_what_is_not_counted_is_reserved_and_sold_without_end(shop, wrap):
    orders = [new_order() for _ in range(3)]
    for order in orders:
        assert shop.reserve(order, **{wrap: 99})["status"] == "RESERVED"
    shop.commit(orders[0], **{wrap: 99})
    shop.commit(new_order(), **{wrap: 1})
    shop.release(orders[1])
    shop.return_goods(orders[0], "REFUND#1", **{wrap: 9})

    assert stored_stock(shop, wrap) == (-190, 99, 91)
    shown = shop.show(wrap).json_body
    assert (shown["availableStock"], shown["counted"]) == (1_000_000, False)


def test_what_is_counted_does_not_show_how(shop, bowl):
    assert "counted" not in shop.show(bowl).json_body


def test_a_reservation_outlives_the_end_and_the_start_of_counting(shop, bowl):
    before, between = new_order(), new_order()
    shop.reserve(before, **{bowl: 5})
    assert shop.change_rules(bowl, counted=False).json_body["counted"] is False
    shop.reserve(between, **{bowl: 7})
    assert stored_stock(shop, bowl) == (-7, 12, 0)

    counted = shop.change_rules(bowl, counted=True, stock=3)

    assert counted.json_body["availableStock"] == 3
    assert "counted" not in counted.json_body
    shop.commit(before, **{bowl: 5})
    shop.release(between)
    assert stored_stock(shop, bowl) == (10, 0, 5)
    assert error_of(shop.reserve, new_order(), **{bowl: 11})[0] == "OutOfStock"


def test_counting_that_started_already_keeps_what_was_sold_since(shop, wrap):
    for _ in range(2):
        assert shop.change_rules(wrap, counted=True, stock=3).status_code == 200
    shop.commit(new_order(), **{wrap: 2})
    shop.change_rules(wrap, counted=True, stock=3)

    assert stored_stock(shop, wrap) == (1, 0, 2)


def test_orders_while_counting_starts_leave_the_ledger_right(shop, wrap):
    with ThreadPoolExecutor(6) as pool:
        for _ in range(5):
            pool.submit(shop.commit, new_order(), **{wrap: 2})
            pool.submit(shop.change_rules, wrap, counted=False)
        pool.submit(shop.change_rules, wrap, counted=True, stock=40)

    _, reserved, sold = stored_stock(shop, wrap)
    assert (reserved, sold) == (0, 10)


def test_a_sale_while_counting_starts_is_not_lost(shop, wrap, before_write):
    before_write(lambda: shop.commit(new_order(), **{wrap: 2}))

    assert shop.change_rules(wrap, counted=True, stock=4).json_body["availableStock"] == 4
    assert stored_stock(shop, wrap) == (4, 0, 2)


def test_a_stock_that_is_not_counted_is_neither_set_nor_adjusted(shop, wrap):
    for refused in (shop.set_stock(wrap, 5), shop.adjust(wrap, 5)):
        assert (refused.status_code, refused.json_body["Code"]) == (409, "StockNotCounted")
    assert stored_stock(shop, wrap) == (0, 0, 0)


def test_an_adjustment_that_the_end_of_counting_overtakes_is_refused(shop, bowl, before_write):
    before_write(lambda: shop.change_rules(bowl, counted=False))

    assert shop.adjust(bowl, 5).json_body["Code"] == "StockNotCounted"
    assert stored_stock(shop, bowl) == (5, 0, 0)


def test_invalid_rules_are_refused_by_field(shop, bowl):
    for field, changes in (
        ("stock", {"counted": True}), ("stock", {"counted": False, "stock": 3}),
        ("stock", {"stock": 3, "lowStockThreshold": 1}), ("counted", {"counted": "no"}),
        ("lowStockThreshold", {"lowStockThreshold": -1}),
        ("lowStockThreshold", {"lowStockThreshold": 1.5}), ("expected at least one", {}),
    ):  # fmt: skip
        refused = shop.change_rules(bowl, **changes)

        assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody"), changes
        assert refused.json_body["Message"].startswith(field)
    assert shop.change_rules("PROD#01NONE", counted=False).json_body["Code"] == "ProductNotFound"


def test_a_new_product_has_a_stock_just_where_it_is_counted(shop):
    for changes in ({"counted": False, "stock": 1}, {"counted": True}):
        body = {key: value for key, value in BOWL.items() if key != "stock"} | changes
        refused = shop.api.post("/product", body, token=shop.admin)
        assert refused.json_body["Message"].startswith("stock: ")


def test_a_variant_that_is_not_counted_keeps_its_parent_in_stock(shop):
    parent = {
        "name": "Course", "options": ["Place"], "variants": [
            {"options": {"Place": "Room"}, "price": 9, "stock": 0, "lowStockThreshold": 2},
            {"options": {"Place": "Online"}, "price": 5, "counted": False},
        ],
    }  # fmt: skip
    created = shop.api.post("/product", parent, token=shop.admin).json_body
    shop.index()

    shown = shop.show(created["productId"]).json_body
    assert (shown["availableStock"], shown["counted"]) == (1_000_000, False)
    room, online = shown["variants"]
    assert (room["availableStock"], online["availableStock"]) == (0, 1_000_000)
    assert "counted" not in room
    assert not online["counted"]
    refused = {**parent, "counted": False}
    assert shop.api.post("/product", refused, shop.admin).json_body["Message"].startswith("counted")


def test_the_search_finds_what_is_not_counted_in_stock(shop, wrap, bowl):
    shop.commit(new_order(), **{wrap: 7})
    shop.commit(new_order(), **{bowl: 5})
    shop.index()

    def matches(query):
        return [product["productId"] for product in shop.get(f"/products?{query}").json_body]

    assert matches("inStock=true") == [wrap]
    assert matches("inStock=false") == [bowl]
    facets = shop.get("/products/facets").json_body
    assert (facets["total"], facets["inStock"]) == (2, 1)


def test_a_fall_to_the_threshold_is_announced_once(shop, bowl, falls):
    shop.change_rules(bowl, lowStockThreshold=3)
    for qty in (1, 1, 1):
        shop.commit(new_order(), **{bowl: qty})

    assert falls(times=2) == [(bowl, 3)]


def test_each_further_fall_is_announced(shop, bowl, falls):
    shop.change_rules(bowl, lowStockThreshold=3)
    shop.commit(new_order(), **{bowl: 4})
    shop.adjust(bowl, 9)
    shop.commit(new_order(), **{bowl: 8})

    assert falls() == [(bowl, 1), (bowl, 2)]


def test_a_threshold_above_the_stock_is_a_fall_and_none_is_not(shop, bowl, tea, falls):
    shop.change_rules(bowl, lowStockThreshold=5)
    shop.change_rules(tea, lowStockThreshold=2)
    shop.change_rules(tea, lowStockThreshold=None)
    shop.commit(new_order(), **{tea: 3})

    assert falls() == [(bowl, 5)]


def test_what_is_not_counted_is_never_low(shop, bowl, falls):
    shop.change_rules(bowl, lowStockThreshold=3, counted=False)
    shop.commit(new_order(), **{bowl: 5})
    assert falls() == []

    shop.change_rules(bowl, counted=True, stock=2)
    assert falls() == [(bowl, 2)]


def test_a_fall_says_which_product(shop, falls, bus):
    low = shop.create(sku="BOW-9", stock=1, lowStockThreshold=1)
    assert falls() == [(low, 1)]

    (event,) = bus.events("StockLow")
    detail = event["detail"]
    assert (detail["name"], detail["sku"], detail["threshold"]) == ("Protein Bowl", "BOW-9", 1)
