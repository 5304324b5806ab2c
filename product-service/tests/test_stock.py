import pytest
from steps import new_order


def test_setting_the_stock_sets_what_is_available(shop, bowl):
    answer = shop.set_stock(bowl, 9)

    assert answer.status_code == 200
    assert answer.json_body == {
        "productId": bowl, "availableStock": 9, "reservedStock": 0, "soldStock": 0,
        "suppliedStock": 9,
    }  # fmt: skip
    assert shop.stock(bowl) == (9, 0, 0)
    assert shop.show(bowl).json_body["availableStock"] == 9


@pytest.mark.parametrize("count", [0, 1, 3, 1_000_000])
def test_setting_the_stock_keeps_reserved_and_sold(shop, bowl, count):
    shop.commit(new_order(), **{bowl: 1})
    shop.reserve(new_order(), **{bowl: 2})

    assert shop.set_stock(bowl, count).json_body["suppliedStock"] == count + 3
    assert shop.stock(bowl) == (count, 2, 1)


def test_setting_the_stock_is_idempotent(shop, bowl):
    assert shop.set_stock(bowl, 7).json_body == shop.set_stock(bowl, 7).json_body
    assert shop.stock(bowl) == (7, 0, 0)


def test_an_invalid_stock_count_is_refused(shop, bowl):
    for count in (-1, 1.5, 1_000_001, "5", None, True):
        refused = shop.set_stock(bowl, count)

        assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody")
        assert refused.json_body["Message"].startswith("stock: ")
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_reservation_while_the_stock_is_set_is_kept(shop, bowl, order, before_write):
    before_write(lambda: shop.reserve(order, **{bowl: 2}))

    assert shop.set_stock(bowl, 10).status_code == 200
    assert shop.stock(bowl) == (10, 2, 0)


def test_a_commit_while_the_stock_is_set_is_kept(shop, bowl, order, before_write):
    shop.reserve(order, **{bowl: 2})
    before_write(lambda: shop.commit(order, **{bowl: 2}))

    assert shop.set_stock(bowl, 10).status_code == 200
    assert shop.stock(bowl) == (10, 0, 2)


def test_contended_stock_is_not_set_and_retryable(shop, bowl, transaction_conflicts):
    transaction_conflicts(1000)

    refused = shop.set_stock(bowl, 10)

    assert (refused.status_code, refused.json_body["Code"]) == (503, "StockContended")
    assert shop.stock(bowl) == (5, 0, 0)
