"""Stock that comes and leaves other than by orders, and the ledger of it."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from steps import new_order

from common import aws


def changes(shop, product_id):
    return [movement["change"] for movement in shop.movements(product_id).json_body]


def ledger(shop, product_id):
    """The sum of the movements, which is what was supplied."""
    row = shop.row("Inventory", productId=product_id)
    total = sum(changes(shop, product_id))
    assert total == row["suppliedStock"]
    return total


def test_a_delivery_is_added_to_what_was_sold_meanwhile(shop, bowl):
    shop.commit(new_order(), **{bowl: 3})

    answer = shop.adjust(bowl, 5)

    assert answer.status_code == 200
    assert answer.json_body == {
        "productId": bowl, "availableStock": 7, "reservedStock": 0, "soldStock": 3,
        "suppliedStock": 10,
    }  # fmt: skip
    assert shop.stock(bowl) == (7, 0, 3)


def test_a_repeated_adjustment_counts_once(shop, bowl):
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: shop.adjust(bowl, 5), range(4)))
    answers.append(shop.adjust(bowl, 5))

    assert {answer.status_code for answer in answers} == {200}
    assert shop.stock(bowl) == (10, 0, 0)
    assert ledger(shop, bowl) == 10


def test_another_adjustment_with_the_same_key_is_refused(shop, bowl, tea):
    shop.adjust(bowl, 5)

    for refused in (shop.adjust(bowl, 6), shop.adjust(bowl, 5, reason="found")):
        assert (refused.status_code, refused.json_body["Code"]) == (422, "IdempotencyKeyReused")
    assert shop.adjust(tea, 5).status_code == 200  # the key counts for each product
    assert shop.adjust(bowl, 5, key="k-2").json_body["availableStock"] == 15


def test_an_adjustment_without_a_key_is_refused(shop, bowl):
    refused = shop.adjust(bowl, 5, key=None)

    assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidIdempotencyKey")
    assert shop.stock(bowl) == (5, 0, 0)


def test_no_adjustment_takes_what_is_not_there(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})

    refused = shop.adjust(bowl, -4)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "StockOutOfRange")
    assert refused.json_body["Message"].startswith("change: 3 are available")
    assert shop.adjust(bowl, 999_998, key="much").json_body["Code"] == "StockOutOfRange"
    assert shop.adjust(bowl, -3).json_body["availableStock"] == 0
    assert shop.stock(bowl) == (0, 2, 0)
    assert ledger(shop, bowl) == 2


def test_an_invalid_adjustment_is_refused_by_field(shop, bowl):
    for field, value in (
        ("change", 0), ("change", 1.5), ("change", "5"), ("change", 1_000_001), ("change", None),
        ("reason", ""), ("reason", "x" * 201), ("reason", "a\0"), ("reason", None),
    ):  # fmt: skip
        refused = shop.adjust(bowl, **{"change": 5, field: value})

        assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody"), value
        assert refused.json_body["Message"].startswith(f"{field}: ")


def test_a_count_that_was_overtaken_by_a_sale_is_refused(shop, bowl):
    shop.commit(new_order(), **{bowl: 2})

    refused = shop.set_stock(bowl, 10, expectedStock=5)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "StockChanged")
    assert refused.json_body["Message"] == "expectedStock: 5 was expected, 3 are available"
    assert shop.set_stock(bowl, 8, expectedStock=3).json_body["availableStock"] == 8
    assert shop.stock(bowl) == (8, 0, 2)


def test_a_sale_while_the_stock_is_set_is_not_overwritten(shop, bowl, before_write):
    before_write(lambda: shop.commit(new_order(), **{bowl: 2}))

    assert shop.set_stock(bowl, 10, expectedStock=5).json_body["Code"] == "StockChanged"
    assert shop.stock(bowl) == (3, 0, 2)


def test_the_ledger_says_who_moved_how_many_when_and_why(shop, bowl):
    shop.adjust(bowl, 5)
    shop.set_stock(bowl, 4, reason="counted")
    shop.set_stock(bowl, 4)  # nothing moved

    newest, delivery, first = shop.movements(bowl).json_body

    assert newest.items() >= {
        "kind": "SET", "change": -6, "reason": "counted", "productId": bowl,
    }.items()  # fmt: skip
    assert delivery.items() >= {"kind": "ADJUSTED", "change": 5, "reason": "delivery"}.items()
    assert first.items() >= {"kind": "INITIAL", "change": 5}.items()
    for movement in (newest, delivery, first):
        assert movement["movementId"].startswith("MOVE#")
        assert movement["movedBy"].startswith("USER#")
        assert movement["createdAt"].endswith("Z")


def test_the_pages_of_the_ledger_add_up(shop, bowl, tea):
    for number in range(4):
        shop.adjust(bowl, number + 1, key=f"k-{number}")

    first = shop.movements(bowl, "?limit=3")
    cursor = quote(first.headers["X-Next-Cursor"])
    second = shop.movements(bowl, f"?limit=3&cursor={cursor}")

    assert [row["change"] for row in first.json_body + second.json_body] == [4, 3, 2, 1, 5]
    assert "X-Next-Cursor" not in second.headers
    for refused in (
        shop.movements(tea, f"?cursor={cursor}"),
        shop.movements(bowl, "?cursor=eyJhIjogeyJTIjogIngifX0%3D"),
    ):
        assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidCursor")


@pytest.mark.parametrize("how", ["adjust", "set_stock"])
def test_a_stock_without_a_ledger_opens_it_with_its_supply(shop, how):
    shop.put_stock("PROD#01OLD", 7)
    shop.commit(new_order(), **{"PROD#01OLD": 2})

    assert getattr(shop, how)("PROD#01OLD", 9).status_code == 200

    assert sorted(changes(shop, "PROD#01OLD")) == ([7, 9] if how == "adjust" else [4, 7])
    ledger(shop, "PROD#01OLD")


def test_concurrent_first_adjustments_open_the_ledger_once(shop):
    shop.put_stock("PROD#01OLD", 7)
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda number: shop.adjust("PROD#01OLD", 1, key=f"k{number}"), range(3)))

    assert ledger(shop, "PROD#01OLD") == 10


def test_orders_and_adjustments_at_once_lose_nothing(shop, bowl):
    shop.adjust(bowl, 20, key="start")
    with ThreadPoolExecutor(6) as pool:
        for number in range(6):
            pool.submit(shop.adjust, bowl, 2, f"k{number}")
            pool.submit(shop.commit, new_order(), **{bowl: 1})

    assert shop.stock(bowl) == (31, 0, 6)
    assert ledger(shop, bowl) == 37


def test_a_product_that_failed_to_be_created_has_no_ledger(shop):
    shop.create(sku="BOW-1")
    shop.api.post("/product", {"name": "x", "price": 1, "stock": 3, "sku": "BOW-1"}, shop.admin)

    items = aws.client("dynamodb").scan(TableName="StockMovements")["Items"]
    assert [item["change"]["N"] for item in items] == ["50"]


@pytest.mark.parametrize("path", ["/product/01UNKNOWN/stock/movements"])
def test_an_unknown_product_has_no_ledger(shop, path):
    assert shop.api.get(path, token=shop.admin).json_body["Code"] == "ProductNotFound"
    assert shop.adjust("PROD#01UNKNOWN", 1).json_body["Code"] == "ProductNotFound"
