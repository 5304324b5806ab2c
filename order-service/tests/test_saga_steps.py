"""The steps as Step Functions calls them: an error's class name is what the state machine catches."""

import json

import pytest
from tests.people import AMY, BOWL, SHAKE, row, table

from chalicelib.orders import pricing
from common import queues
from testkit.tokens import JIMMY

PLACED = {
    "orderId": "ORDER#1001",
    "userId": JIMMY,
    "items": [{"productId": BOWL, "qty": 2}],
    "method": "CARD",
    "paymentMethod": "pm_card_visa",
    "requestHash": "one",
    "correlationId": "click-1",
}


def errors(step, api, event):
    """The name of the error that the step ends with."""
    with pytest.raises(Exception) as caught:  # noqa: PT011  (the name is what is looked at)
        api.invoke(step, event)
    return type(caught.value).__name__


@pytest.fixture
def validate(api, shelf):
    return lambda event: api.invoke("validate-order", event)


# validate-order


def test_a_stored_order_is_handed_to_the_saga_as_it_was_placed(validate, order):
    answer = validate({"orderId": order, "userId": JIMMY, "correlationId": "click-1"})

    assert answer == {
        "orderId": order,
        "userId": JIMMY,
        "items": [{"productId": BOWL, "qty": 2}],
        "amount": 25.98,
        "currency": "USD",
        "method": "CARD",
        "paymentMethod": "pm_card_visa",
        "status": "CREATED",
        "correlationId": row(order)["correlationId"],
        "createdAt": row(order)["createdAt"],
    }
    assert json.loads(json.dumps(answer)) == answer


def test_an_order_without_a_payment_method_says_so(validate, jimmy):
    order_id = jimmy.order((BOWL, 1)).json_body["orderId"]

    assert validate({"orderId": order_id})["paymentMethod"] is None


def test_a_stored_order_keeps_its_price_and_may_hold_the_last_pieces_itself(validate, order, shelf):
    shelf.supply(BOWL, stock=0, price_minor=9900)

    assert validate({"orderId": order})["amount"] == 25.98


def test_a_checkouts_order_is_placed_at_catalogue_prices(validate):
    answer = validate(
        {**PLACED, "items": [{"productId": BOWL, "qty": 1}, {"productId": SHAKE, "qty": 2}]}
    )

    assert (answer["amount"], answer["status"]) == (19.99, "CREATED")
    stored = row("ORDER#1001")
    assert (stored["status"], stored["totalMinor"], stored["userId"]) == ("CREATED", 1999, JIMMY)
    assert (stored["requestHash"], stored["correlationId"]) == ("one", "click-1")


def test_placing_the_same_order_again_changes_nothing(validate, shelf):
    first = validate(PLACED)
    shelf.supply(BOWL, stock=0, price_minor=9900)

    assert validate(PLACED) == first
    assert row("ORDER#1001")["version"] == 1


def test_placing_another_order_under_the_same_id_is_refused(api, validate):
    validate(PLACED)

    assert (
        errors("validate-order", api, {**PLACED, "requestHash": "other"}) == "IdempotencyKeyReused"
    )
    assert errors("validate-order", api, {**PLACED, "userId": AMY}) == "IdempotencyKeyReused"


def test_what_cannot_be_sold_is_not_stored(api, shelf):
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
        assert errors("validate-order", api, {**PLACED, **change}) == error
    assert table("Orders").scan()["Count"] == 0


def test_the_expected_total_may_come_as_any_json_number(validate):
    assert validate({**PLACED, "expectedTotal": 25.98})["amount"] == 25.98


def test_an_order_that_nobody_stored_is_not_found(api, validate):
    assert errors("validate-order", api, {"orderId": "ORDER#none"}) == "OrderNotFound"


def test_a_cancelled_order_is_not_paid_for(api, validate, jimmy):
    validate(PLACED)
    jimmy.cancel("ORDER#1001")

    assert errors("validate-order", api, {"orderId": "ORDER#1001"}) == "OrderCancelled"
    assert errors("validate-order", api, PLACED) == "OrderCancelled"


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_an_order_that_ended_is_not_paid_for(api, validate, status):
    validate(PLACED)
    api.invoke("fail-order", {"orderId": "ORDER#1001", "reason": "x", "status": status})

    assert errors("validate-order", api, {"orderId": "ORDER#1001"}) == "OrderNotPayable"
    assert errors("validate-order", api, PLACED) == "OrderNotPayable"


def test_a_saga_that_starts_over_on_a_confirmed_order_does_not_charge_it_again(api, validate):
    validate(PLACED)
    api.invoke("create-order-record", {"orderId": "ORDER#1001", "paymentId": "PAY#1"})

    assert errors("validate-order", api, {"orderId": "ORDER#1001"}) == "OrderNotPayable"


def test_a_customer_who_checks_out_again_is_told_that_it_is_bought(api, validate):
    validate(PLACED)
    api.invoke("create-order-record", {"orderId": "ORDER#1001", "paymentId": "PAY#1"})

    assert validate(PLACED)["status"] == "CONFIRMED"


@pytest.mark.parametrize("since", ["sold out", "dearer", "gone"])
def test_whoever_asks_twice_at_once_gets_the_order_though_its_goods_are_gone_since(
    api, validate, shelf, monkeypatch, since
):
    """The other one is stored, and its saga has reserved the last pieces, before this one looks at the stock."""
    quote = pricing.quote

    def meanwhile(*given):
        monkeypatch.setattr(pricing, "quote", quote)
        validate({**PLACED, "expectedTotal": 25.98})
        if since == "gone":
            table("Products").delete_item(Key={"productId": BOWL})
        else:
            shelf.supply(BOWL, **({"stock": 0} if since == "sold out" else {"price_minor": 1399}))
        return quote(*given)

    monkeypatch.setattr(pricing, "quote", meanwhile)

    assert validate({**PLACED, "expectedTotal": 25.98})["status"] == "CREATED"


# create-order-record


def test_a_paid_order_is_confirmed_with_its_payment(api, order):
    answer = api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})

    assert answer == {"orderId": order, "status": "CONFIRMED"}
    assert (row(order)["status"], row(order)["paymentId"]) == ("CONFIRMED", "PAY#2001")


def test_confirming_twice_with_the_same_payment_is_confirming_once(api, confirmed):
    before = row(confirmed)

    answer = api.invoke("create-order-record", {"orderId": confirmed, "paymentId": "PAY#2001"})

    assert answer["status"] == "CONFIRMED"
    assert row(confirmed) == before


def test_an_order_is_not_paid_twice(api, confirmed):
    event = {"orderId": confirmed, "paymentId": "PAY#other"}

    assert errors("create-order-record", api, event) == "OrderNotPayable"
    assert row(confirmed)["paymentId"] == "PAY#2001"


def test_an_order_cancelled_meanwhile_is_not_confirmed(api, jimmy, order):
    jimmy.cancel(order)

    assert (
        errors("create-order-record", api, {"orderId": order, "paymentId": "PAY#1"})
        == "OrderCancelled"
    )
    assert "paymentId" not in row(order)


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_an_order_that_ended_is_not_confirmed(api, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert (
        errors("create-order-record", api, {"orderId": order, "paymentId": "PAY#1"})
        == "OrderNotPayable"
    )
    assert row(order)["status"] == status


def test_what_cannot_be_confirmed_is_refused(api):
    for event, error in (
        ({"orderId": "ORDER#none", "paymentId": "PAY#1"}, "OrderNotFound"),
        ({"orderId": "ORDER#none"}, "StepInputInvalid"),
        ({}, "StepInputInvalid"),
        ([], "StepInputInvalid"),
    ):
        assert errors("create-order-record", api, event) == error
    assert table("Orders").scan()["Count"] == 0


# fail-order


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_a_failed_order_tells_its_customer_why(api, jimmy, order, status):
    answer = api.invoke(
        "fail-order", {"orderId": order, "reason": "Your card was declined.", "status": status}
    )

    assert answer == {"orderId": order, "status": status}
    seen = jimmy.see(order).json_body
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


def test_the_customer_of_an_order_that_was_never_stored_gets_an_answer(api, jimmy):
    failure = {
        "orderId": "ORDER#1001",
        "userId": JIMMY,
        "reason": "Something went wrong.",
        "status": "FAILED",
    }

    assert api.invoke("fail-order", failure) == {"orderId": "ORDER#1001", "status": "FAILED"}
    assert api.invoke("fail-order", failure)["status"] == "FAILED"

    seen = jimmy.see("ORDER#1001").json_body
    assert (seen["status"], seen["reason"], seen["items"]) == (
        "FAILED",
        "Something went wrong.",
        [],
    )
    assert row("ORDER#1001")["version"] == 1


def test_an_order_that_failed_before_it_was_stored_is_not_placed_late(api, validate):
    api.invoke("fail-order", {"orderId": "ORDER#1001", "userId": JIMMY, "reason": "x"})

    late = {name: value for name, value in PLACED.items() if name != "requestHash"}
    assert errors("validate-order", api, late) == "OrderNotPayable"
    assert row("ORDER#1001")["status"] == "FAILED"


def test_an_order_of_nobody_leaves_no_row(api):
    assert api.invoke("fail-order", {"orderId": "ORDER#none", "reason": "x"})["status"] == "FAILED"
    assert table("Orders").scan()["Count"] == 0


def test_failing_does_nothing_but_fail(api, order):
    for status in ("CONFIRMED", "CANCELLED", "CREATED", 1):
        event = {"orderId": order, "reason": "x", "status": status}
        assert errors("fail-order", api, event) == "StepInputInvalid"
    assert row(order)["status"] == "CREATED"


# on-fail-order


def test_what_the_saga_could_not_fail_is_failed_from_the_queue(api, order):
    message = {
        "orderId": order,
        "userId": JIMMY,
        "reason": "No answer.",
        "status": "EXPIRED",
        "correlationId": "c",
    }

    api.sqs("on-fail-order", [message, message], queue="order-fail-queue")

    assert (row(order)["status"], row(order)["reason"]) == ("EXPIRED", "No answer.")


def test_a_message_that_nobody_understands_holds_up_no_other(api, queue, order):
    nonsense, good = {"reason": "whose?"}, {"orderId": order, "reason": "x"}

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-fail-order", [nonsense, good], queue="order-fail-queue")

    assert row(order)["status"] == "FAILED"
    assert queue("order-fail-queue") == [nonsense]
