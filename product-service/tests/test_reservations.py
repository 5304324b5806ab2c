import pytest
from faults import Crash
from steps import error_of, new_order, order_input

from common import aws


def status(shop, order):
    return shop.row("Reservations", orderId=order)["status"]


def test_check_inventory_reserves_the_lines_of_an_order(shop, bowl, tea, order, set_clock):
    set_clock(0)
    answer = shop.reserve(order, **{bowl: 2, tea: 3})

    row = shop.row("Reservations", orderId=order)
    assert answer == {"orderId": order, "status": "RESERVED", "expiresAt": row["expiresAt"]}
    assert (row["status"], row["open"][:5]) == ("RESERVED", "OPEN#")
    assert row["items"] == [{"productId": bowl, "qty": 2}, {"productId": tea, "qty": 3}]
    assert (shop.stock(bowl), shop.stock(tea)) == ((3, 2, 0), (0, 3, 0))


def test_a_reservation_lasts_as_long_as_the_stage_says(shop, bowl, monkeypatch):
    long = shop.reserve(new_order(), **{bowl: 1})["expiresAt"]
    monkeypatch.setenv("RESERVATION_SECONDS", "60")
    short = shop.reserve(new_order(), **{bowl: 1})["expiresAt"]

    assert 1798 <= long - short <= 1800


def test_lines_of_the_same_product_are_added_up(shop, bowl, order):
    items = [{"productId": bowl, "qty": 2}, {"productId": bowl.removeprefix("PROD#"), "qty": 1}]

    shop.api.invoke("check-inventory", {"orderId": order, "items": items})

    assert shop.stock(bowl) == (2, 3, 0)
    assert shop.row("Reservations", orderId=order)["items"] == [{"productId": bowl, "qty": 3}]


def test_an_order_reserves_once(shop, bowl, order):
    first = shop.reserve(order, **{bowl: 2})

    assert shop.reserve(order, **{bowl: 2}) == first
    assert shop.stock(bowl) == (3, 2, 0)


def test_a_reservation_that_comes_after_the_commit_does_nothing(shop, bowl, order):
    first = shop.reserve(order, **{bowl: 2})
    shop.commit(order, **{bowl: 2})

    assert shop.reserve(order, **{bowl: 2}) == first
    assert shop.stock(bowl) == (3, 0, 2)
    assert "open" not in shop.row("Reservations", orderId=order)


def test_if_one_product_is_sold_out_nothing_is_reserved(shop, bowl, tea, order):
    name, message = error_of(shop.reserve, order, **{bowl: 5, tea: 4})

    assert name == "OutOfStock"
    assert message == f"{tea}: 4 wanted, 3 left"
    assert (shop.stock(bowl), shop.stock(tea)) == ((5, 0, 0), (3, 0, 0))
    assert shop.rows("Reservations") == []


def test_every_product_that_is_sold_out_is_named(shop, bowl, tea, order):
    _, message = error_of(shop.reserve, order, **{bowl: 6, tea: 4, "PROD#01NONE": 1})

    assert message.split("; ") == [
        f"{bowl}: 6 wanted, 5 left",
        f"{tea}: 4 wanted, 3 left",
        "PROD#01NONE: 1 wanted, 0 left",
    ]


def test_an_order_that_was_sold_out_may_try_again(shop, bowl, order):
    error_of(shop.reserve, order, **{bowl: 6})
    shop.set_stock(bowl, 6)

    assert shop.reserve(order, **{bowl: 6})["status"] == "RESERVED"


def test_an_order_of_99_lines_is_one_transaction(shop, order):
    products = [f"PROD#01A{n}" for n in range(99)]
    for product in products:
        shop.put_stock(product, available=1)

    shop.reserve(order, **dict.fromkeys(products, 1))

    assert {shop.stock(product) for product in products} == {(0, 1, 0)}


def test_a_commit_deducts_the_reserved_stock_and_sends_an_event(shop, bowl, order, queue):
    shop.reserve(order, **{bowl: 2})

    assert shop.commit(order, **{bowl: 2}) == {"orderId": order, "status": "COMMITTED"}

    assert shop.stock(bowl) == (3, 0, 2)
    (message,) = queue("analytics-queue")
    assert (message["source"], message["detail-type"]) == ("commerce.inventory", "InventoryUpdated")
    assert message["detail"]["orderId"] == order
    assert message["detail"]["items"] == [{"productId": bowl, "qty": 2}]
    assert message["detail"]["correlationId"] == "c-1"


def test_a_repeated_commit_deducts_once_and_resends_the_same_event(shop, bowl, order, queue):
    shop.reserve(order, **{bowl: 2})
    shop.commit(order, **{bowl: 2})

    assert shop.commit(order, **{bowl: 2}) == {"orderId": order, "status": "COMMITTED"}

    assert shop.stock(bowl) == (3, 0, 2)
    messages = queue("analytics-queue")
    assert len(messages) == 2
    assert len({message["detail"]["eventId"] for message in messages}) == 1


def test_a_commit_deducts_the_reservation_not_the_lines_of_its_input(shop, bowl, tea, order):
    shop.reserve(order, **{bowl: 2})
    shop.commit(order, **{bowl: 1, tea: 1})

    assert (shop.stock(bowl), shop.stock(tea)) == ((3, 0, 2), (3, 0, 0))


def test_the_example_of_the_requirements_deducts_without_a_reservation(shop, bowl, queue):
    event = {"orderId": "ORDER#1001", "items": [{"productId": bowl, "qty": 2}]}

    assert shop.api.invoke("update-inventory", event)["status"] == "COMMITTED"
    assert shop.api.invoke("update-inventory", event)["status"] == "COMMITTED"

    assert shop.stock(bowl) == (3, 0, 2)
    assert status(shop, "ORDER#1001") == "COMMITTED"
    assert "open" not in shop.row("Reservations", orderId="ORDER#1001")
    assert queue("analytics-queue")[0]["detail"]["items"] == event["items"]


def test_a_commit_without_a_reservation_never_oversells(shop, bowl, order, queue):
    assert error_of(shop.commit, order, **{bowl: 6}) == ("OutOfStock", f"{bowl}: 6 wanted, 5 left")
    assert shop.stock(bowl) == (5, 0, 0)
    assert queue("analytics-queue") == []


def test_a_repeated_commit_sends_the_event_that_failed_before(shop, bowl, order, queue):
    shop.reserve(order, **{bowl: 2})
    sqs = aws.client("sqs")
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName="analytics-queue")["QueueUrl"])
    error_of(shop.commit, order, **{bowl: 2})
    sqs.create_queue(QueueName="analytics-queue")

    shop.commit(order, **{bowl: 2})

    assert shop.stock(bowl) == (3, 0, 2)
    assert len(queue("analytics-queue")) == 1


def test_a_crash_after_the_commit_loses_no_event_and_deducts_once(
    shop, bowl, order, queue, crash_after_write
):
    shop.reserve(order, **{bowl: 2})
    crash_after_write()
    with pytest.raises(Crash):
        shop.commit(order, **{bowl: 2})
    assert queue("analytics-queue") == []

    shop.commit(order, **{bowl: 2})

    assert shop.stock(bowl) == (3, 0, 2)
    assert len(queue("analytics-queue")) == 1


def test_a_released_reservation_is_available_again(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})

    assert shop.release(order) == {"orderId": order, "status": "RELEASED"}
    assert shop.release(order) == {"orderId": order, "status": "RELEASED"}

    assert shop.stock(bowl) == (5, 0, 0)
    assert "open" not in shop.row("Reservations", orderId=order)


def test_a_released_commit_is_restocked_once(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})
    shop.commit(order, **{bowl: 2})

    shop.release(order)
    shop.release(order)

    assert shop.stock(bowl) == (5, 0, 0)


def test_a_released_order_can_neither_reserve_nor_commit(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})
    shop.release(order)

    assert error_of(shop.reserve, order, **{bowl: 2})[0] == "ReservationEnded"
    assert error_of(shop.commit, order, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


def test_a_release_that_overtakes_its_reservation_stops_it(shop, bowl, order):
    assert shop.release(order) == {"orderId": order, "status": "RELEASED"}

    assert error_of(shop.reserve, order, **{bowl: 2})[0] == "ReservationEnded"
    assert error_of(shop.commit, order, **{bowl: 2})[0] == "ReservationEnded"
    assert shop.stock(bowl) == (5, 0, 0)


WRONG = [
    {"items": []}, {"items": None}, {"items": [{"productId": "PROD#01A"}]}, {"items": [{"qty": 1}]},
    {"items": [{"productId": "PROD#01A", "qty": 0}]},
    {"items": [{"productId": "PROD#01A", "qty": 100}]},
    {"items": [{"productId": "PROD#01A", "qty": -1}]},
    {"items": [{"productId": "PROD#01A", "qty": 1.5}]},
    {"items": [{"productId": f"PROD#01A{n}", "qty": 1} for n in range(100)]}, {"orderId": None},
    {"orderId": 7},
]  # fmt: skip


@pytest.mark.parametrize("function", ["check-inventory", "update-inventory"])
def test_an_invalid_step_input_changes_nothing(shop, function):
    valid = order_input("ORDER#1001", {"PROD#01A": 1})

    for wrong in WRONG:
        assert error_of(shop.api.invoke, function, {**valid, **wrong})[0] == "StepInputInvalid", (
            wrong
        )
    assert shop.rows("Reservations") == []


def test_a_step_without_an_order_is_refused(shop):
    for function in ("check-inventory", "update-inventory", "release-inventory"):
        assert error_of(shop.api.invoke, function, {})[0] == "StepInputInvalid"


def test_reserved_stock_that_was_deleted_by_hand_is_a_mismatch(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})
    aws.client("dynamodb").delete_item(TableName="Inventory", Key={"productId": {"S": bowl}})

    name, message = error_of(shop.commit, order, **{bowl: 2})

    assert (name, status(shop, order)) == ("StockMismatch", "RESERVED")
    assert bowl in message
