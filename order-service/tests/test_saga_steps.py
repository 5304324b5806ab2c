"""Saga steps as Step Functions calls them. It catches errors by class name."""

import json

import pytest
from order_factories import BOWL, SHAKE, row

from chalicelib.orders import pricing
from common import queues
from common.batch_reads import BatchReader
from testkit.resources import table
from testkit.tokens import AMY, JIMMY

PLACED = {
    "orderId": "ORDER#1001",
    "userId": JIMMY,
    "items": [{"productId": BOWL, "qty": 2}],
    "method": "CARD",
    "paymentMethod": "pm_card_visa",
    "requestHash": "one",
    "correlationId": "click-1",
}


def error_name(step, api, event):
    """The class name of the error that the step raises."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  (the test looks at the class name)
        api.invoke(step, event)
    return type(caught.value).__name__


@pytest.fixture
def validate(api, catalogue):
    return lambda event: api.invoke("validate-order", event)


# validate-order


def test_validating_a_stored_order_returns_it_as_placed(validate, order):
    answer = validate({"orderId": order, "userId": JIMMY, "correlationId": "click-1"})

    assert answer == {
        "orderId": order,
        "userId": JIMMY,
        "items": [{"productId": BOWL, "qty": 2}],
        "cartItems": [{"productId": BOWL, "qty": 2}],
        "amount": 25.98,
        "currency": "USD",
        "method": "CARD",
        "paymentMethod": "pm_card_visa",
        "status": "CREATED",
        "correlationId": row(order)["correlationId"],
        "createdAt": row(order)["createdAt"],
        "payBy": row(order)["payBy"],
    }
    assert json.loads(json.dumps(answer)) == answer


def test_an_order_without_a_payment_method_returns_null(validate, jimmy):
    order_id = jimmy.order((BOWL, 1)).json_body["orderId"]

    assert validate({"orderId": order_id})["paymentMethod"] is None


def test_a_stored_order_keeps_its_price_and_its_last_pieces(validate, order, catalogue):
    catalogue.put(BOWL, stock=0, price_minor=9900)

    assert validate({"orderId": order})["amount"] == 25.98


def test_a_checkouts_order_is_placed_at_catalogue_prices(validate):
    answer = validate(
        {**PLACED, "items": [{"productId": BOWL, "qty": 1}, {"productId": SHAKE, "qty": 2}]}
    )

    assert (answer["amount"], answer["status"]) == (19.99, "CREATED")
    stored = row("ORDER#1001")
    assert (stored["status"], stored["totalMinor"], stored["userId"]) == ("CREATED", 1999, JIMMY)
    assert (stored["requestHash"], stored["correlationId"]) == ("one", "click-1")


def test_a_checkout_names_the_items_of_the_cart_that_it_took(validate):
    taken = [{"productId": BOWL, "qty": 2, "addedAt": "2025-10-13T14:00:00.000Z"}]

    answer = validate({**PLACED, "items": taken})

    assert answer["cartItems"] == taken
    assert validate({"orderId": "ORDER#1001"})["cartItems"] == taken
    assert answer["items"] == [{"productId": BOWL, "qty": 2}]


def test_placing_the_same_order_again_changes_nothing(validate, catalogue):
    first = validate(PLACED)
    catalogue.put(BOWL, stock=0, price_minor=9900)

    assert validate(PLACED) == first
    assert row("ORDER#1001")["version"] == 1


def test_placing_another_order_under_the_same_id_is_rejected(api, validate):
    validate(PLACED)

    assert (
        error_name("validate-order", api, {**PLACED, "requestHash": "other"})
        == "IdempotencyKeyReused"
    )
    assert error_name("validate-order", api, {**PLACED, "userId": AMY}) == "IdempotencyKeyReused"


def test_an_order_that_cannot_be_sold_is_not_stored(api, catalogue):
    many = [{"productId": f"PROD#{number}", "qty": 1} for number in range(100)]
    for change, error in (
        ({"items": [{"productId": "PROD#none", "qty": 1}]}, "ProductNotFound"),
        ({"items": [{"productId": BOWL, "qty": 51}]}, "OutOfStock"),
        ({"items": many}, "TooManyLines"),
        ({"expectedTotal": 24.98}, "PriceChanged"),
        ({"items": []}, "StepInputInvalid"),
        ({"items": [{"productId": BOWL, "qty": 0}]}, "StepInputInvalid"),
        ({"userId": None}, "StepInputInvalid"),
        ({"orderId": None}, "StepInputInvalid"),
        ({"orderId": ""}, "StepInputInvalid"),
    ):
        assert error_name("validate-order", api, {**PLACED, **change}) == error
    assert table("Orders").scan()["Count"] == 0


def test_the_expected_total_may_be_any_json_number(validate):
    assert validate({**PLACED, "expectedTotal": 25.98})["amount"] == 25.98


def test_an_order_that_was_never_stored_is_not_found(api, validate):
    assert error_name("validate-order", api, {"orderId": "ORDER#none"}) == "OrderNotFound"


def test_a_cancelled_order_is_not_payable(api, validate, jimmy):
    validate(PLACED)
    jimmy.cancel("ORDER#1001")

    assert error_name("validate-order", api, {"orderId": "ORDER#1001"}) == "OrderCancelled"
    assert error_name("validate-order", api, PLACED) == "OrderCancelled"


@pytest.mark.parametrize(
    ("status", "error"), [("FAILED", "OrderNotPayable"), ("EXPIRED", "OrderExpired")]
)
def test_an_order_that_has_ended_is_not_payable(api, validate, status, error):
    validate(PLACED)
    api.invoke("fail-order", {"orderId": "ORDER#1001", "reason": "x", "status": status})

    assert error_name("validate-order", api, {"orderId": "ORDER#1001"}) == error
    assert error_name("validate-order", api, PLACED) == error


def test_a_restarted_saga_does_not_charge_a_confirmed_order_again(api, validate):
    validate(PLACED)
    api.invoke("create-order-record", {"orderId": "ORDER#1001", "paymentId": "PAY#1"})

    assert error_name("validate-order", api, {"orderId": "ORDER#1001"}) == "OrderNotPayable"


def test_checking_out_again_returns_the_order_as_bought(api, validate):
    validate(PLACED)
    api.invoke("create-order-record", {"orderId": "ORDER#1001", "paymentId": "PAY#1"})

    assert validate(PLACED)["status"] == "CONFIRMED"


@pytest.mark.parametrize("since", ["sold out", "dearer", "gone"])
def test_a_concurrent_repeat_gets_the_order_that_took_the_last_goods(
    api, validate, catalogue, monkeypatch, since
):
    """The first request's saga reserves the last pieces before the second reads stock."""
    quote = pricing.quote

    def place_meanwhile(*args):
        monkeypatch.setattr(pricing, "quote", quote)
        validate({**PLACED, "expectedTotal": 25.98})
        if since == "gone":
            table("Products").delete_item(Key={"productId": BOWL})
        else:
            catalogue.put(BOWL, **({"stock": 0} if since == "sold out" else {"price_minor": 1399}))
        return quote(*args[:-1], BatchReader())  # which reads the goods only now

    monkeypatch.setattr(pricing, "quote", place_meanwhile)

    assert validate({**PLACED, "expectedTotal": 25.98})["status"] == "CREATED"


# create-order-record


def test_a_paid_order_is_confirmed_with_its_payment(api, order):
    answer = api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})

    assert answer == {"orderId": order, "status": "CONFIRMED"}
    assert (row(order)["status"], row(order)["paymentId"]) == ("CONFIRMED", "PAY#2001")


def test_confirming_twice_with_the_same_payment_confirms_once(api, confirmed):
    before = row(confirmed)

    answer = api.invoke("create-order-record", {"orderId": confirmed, "paymentId": "PAY#2001"})

    assert answer["status"] == "CONFIRMED"
    assert row(confirmed) == before


def test_an_order_is_not_paid_twice(api, confirmed):
    event = {"orderId": confirmed, "paymentId": "PAY#other"}

    assert error_name("create-order-record", api, event) == "OrderNotPayable"
    assert row(confirmed)["paymentId"] == "PAY#2001"


def test_an_order_cancelled_meanwhile_is_not_confirmed(api, jimmy, order):
    jimmy.cancel(order)

    assert (
        error_name("create-order-record", api, {"orderId": order, "paymentId": "PAY#1"})
        == "OrderCancelled"
    )
    assert "paymentId" not in row(order)


@pytest.mark.parametrize(
    ("status", "error"), [("FAILED", "OrderNotPayable"), ("EXPIRED", "OrderExpired")]
)
def test_an_order_that_has_ended_is_not_confirmed(api, order, status, error):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert error_name("create-order-record", api, {"orderId": order, "paymentId": "PAY#1"}) == error
    assert row(order)["status"] == status


def test_an_invalid_confirmation_is_rejected(api):
    for event, error in (
        ({"orderId": "ORDER#none", "paymentId": "PAY#1"}, "OrderNotFound"),
        ({"orderId": "ORDER#none"}, "StepInputInvalid"),
        ({}, "StepInputInvalid"),
        ([], "StepInputInvalid"),
    ):
        assert error_name("create-order-record", api, event) == error
    assert table("Orders").scan()["Count"] == 0


# fail-order


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_a_failed_order_shows_its_customer_the_reason(api, jimmy, order, status):
    answer = api.invoke(
        "fail-order", {"orderId": order, "reason": "Your card was declined.", "status": status}
    )

    assert answer == {"orderId": order, "status": status}
    seen = jimmy.get(order).json_body
    assert (seen["status"], seen["reason"]) == (status, "Your card was declined.")


def test_failing_twice_keeps_the_first_reason(api, order):
    api.invoke("fail-order", {"orderId": order, "reason": "first"})

    assert (
        api.invoke("fail-order", {"orderId": order, "reason": "second", "status": "EXPIRED"})[
            "status"
        ]
        == "FAILED"
    )
    assert row(order)["reason"] == "first"


def test_a_confirmed_order_does_not_fail(api, confirmed):
    answer = api.invoke("fail-order", {"orderId": confirmed, "reason": "no answer"})

    assert answer == {"orderId": confirmed, "status": "CONFIRMED"}
    assert "reason" not in row(confirmed)


def test_a_cancelled_order_stays_cancelled(api, jimmy, order):
    jimmy.cancel(order)

    assert api.invoke("fail-order", {"orderId": order, "reason": "x"})["status"] == "CANCELLED"


def test_failing_an_order_that_was_never_stored_shows_its_customer_why(api, jimmy):
    failure = {
        "orderId": "ORDER#1001",
        "userId": JIMMY,
        "reason": "Something went wrong.",
        "status": "FAILED",
    }

    assert api.invoke("fail-order", failure) == {"orderId": "ORDER#1001", "status": "FAILED"}
    assert api.invoke("fail-order", failure)["status"] == "FAILED"

    seen = jimmy.get("ORDER#1001").json_body
    assert (seen["status"], seen["reason"], seen["items"]) == (
        "FAILED",
        "Something went wrong.",
        [],
    )
    assert row("ORDER#1001")["version"] == 1


def test_an_order_that_failed_before_it_was_stored_is_not_placed_late(api, validate):
    api.invoke("fail-order", {"orderId": "ORDER#1001", "userId": JIMMY, "reason": "x"})

    late = {name: value for name, value in PLACED.items() if name != "requestHash"}
    assert error_name("validate-order", api, late) == "OrderNotPayable"
    assert row("ORDER#1001")["status"] == "FAILED"


def test_failing_an_order_without_customer_stores_nothing(api):
    assert api.invoke("fail-order", {"orderId": "ORDER#none", "reason": "x"})["status"] == "FAILED"
    assert table("Orders").scan()["Count"] == 0


def test_an_order_fails_only_to_an_end_without_a_purchase(api, order):
    for status in ("CONFIRMED", "REFUNDED", "CREATED", 1):
        event = {"orderId": order, "reason": "x", "status": status}
        assert error_name("fail-order", api, event) == "StepInputInvalid"
    assert row(order)["status"] == "CREATED"


# on-fail-order


def test_an_order_that_the_saga_queued_is_failed_from_the_queue(api, order):
    message = {
        "orderId": order,
        "userId": JIMMY,
        "reason": "No answer.",
        "status": "EXPIRED",
        "correlationId": "c",
    }

    api.sqs("on-fail-order", [message, message], queue="order-fail-queue")

    assert (row(order)["status"], row(order)["reason"]) == ("EXPIRED", "No answer.")


def test_an_invalid_message_does_not_block_others(api, queue, order):
    invalid, good = {"reason": "whose?"}, {"orderId": order, "reason": "x"}

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-fail-order", [invalid, good], queue="order-fail-queue")

    assert row(order)["status"] == "FAILED"
    assert queue("order-fail-queue") == [invalid]
