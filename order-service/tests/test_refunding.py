"""What was paid can be given back: all of it or some, once, and never more than was paid."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from tests.people import BOWL, SHAKE, at_once, given_back, refusal, row, table

from chalicelib.orders.models import Order
from common import events, queues
from testkit.tokens import JIMMY


def amounts(order_id):
    return [int(refund["amountMinor"]) for refund in row(order_id).get("refunds", [])]


def refunded_pieces(order_id):
    """How many of each product all refunds of the order have together."""
    pieces = {}
    for refund in row(order_id).get("refunds", []):
        for line in refund["items"]:
            pieces[line["productId"]] = pieces.get(line["productId"], 0) + int(line["qty"])
    return pieces


def placed_days_ago(order_id, days):
    moment = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    table("Orders").update_item(
        Key={"orderId": order_id},
        UpdateExpression="SET createdAt = :at",
        ExpressionAttributeValues={":at": moment.replace("+00:00", "Z")},
    )


def test_all_of_a_paid_order_can_be_given_back(jimmy, bought):
    response = jimmy.refund(bought, reason="Too spicy")

    assert response.status_code == 202
    answer = response.json_body
    assert answer.pop("refundId").startswith("REFUND#")
    assert answer == {
        "orderId": bought,
        "status": "REQUESTED",
        "amount": 36.48,
        "currency": "USD",
        "items": [{"productId": BOWL, "qty": 2}, {"productId": SHAKE, "qty": 3}],
        "restock": True,
    }
    stored = row(bought)
    assert stored["status"] == "CONFIRMED"  # until the money is back
    (refund,) = stored["refunds"]
    assert (refund["amountMinor"], refund["reason"], refund["requestedBy"]) == (
        3648,
        "Too spicy",
        JIMMY,
    )


def test_some_of_it_can_be_given_back_at_the_price_that_was_paid(jimmy, bought, shelf):
    shelf.supply(BOWL, price_minor=9900)

    response = jimmy.refund(bought, (BOWL, 1), (SHAKE, 2), key="one")

    assert (response.status_code, response.json_body["amount"]) == (202, 19.99)


def test_lines_of_the_same_product_are_added_up(jimmy, bought):
    response = jimmy.refund(bought, (SHAKE, 1), (SHAKE.removeprefix("PROD#"), 1), key="one")

    assert response.json_body["items"] == [{"productId": SHAKE, "qty": 2}]


def test_a_refund_of_the_whole_takes_what_is_left(jimmy, bought):
    jimmy.refund(bought, (BOWL, 1), (SHAKE, 3), key="one")

    rest = jimmy.refund(bought).json_body

    assert (rest["amount"], rest["items"]) == (12.99, [{"productId": BOWL, "qty": 1}])


def test_asking_for_the_whole_again_gives_the_same_refund(jimmy, bought, give_back):
    first = jimmy.refund(bought)
    again = jimmy.refund(bought, reason="I said so")
    give_back(first)
    afterwards = jimmy.refund(bought, key="late")

    assert first.json_body == again.json_body == afterwards.json_body
    assert again.status_code == 202
    assert amounts(bought) == [3648]


def test_the_same_key_and_body_give_the_first_answer_again(jimmy, bought):
    first = jimmy.refund(bought, (BOWL, 1), key="one")

    assert jimmy.refund(bought, (BOWL, 1), key="one").json_body == first.json_body
    assert amounts(bought) == [1299]


def test_two_equal_refunds_with_two_keys_are_two(jimmy, bought):
    first, second = (jimmy.refund(bought, (BOWL, 1), key=key).json_body for key in ("one", "two"))

    assert first["refundId"] != second["refundId"]
    assert amounts(bought) == [1299, 1299]


def test_a_key_is_needed_where_items_are_named(jimmy, bought):
    response = jimmy.refund(bought, (BOWL, 1))

    assert refusal(response) == (400, "InvalidIdempotencyKey")
    assert "both be meant" in response.json_body["Message"]
    assert amounts(bought) == []


def test_a_key_is_good_for_one_body(jimmy, bought):
    jimmy.refund(bought, (BOWL, 1), key="one")

    for again in (
        partial(jimmy.refund, bought, (BOWL, 2), key="one"),
        partial(jimmy.refund, bought, (BOWL, 1), key="one", reason="other"),
        partial(jimmy.refund, bought, key="one"),
    ):
        assert refusal(again()) == (422, "IdempotencyKeyReused")
    assert amounts(bought) == [1299]


def test_the_key_of_a_refund_of_the_whole_is_good_for_one_body_too(jimmy, bought):
    jimmy.refund(bought, key="one")

    assert refusal(jimmy.refund(bought, (BOWL, 1), key="one")) == (422, "IdempotencyKeyReused")


def test_the_same_key_on_two_orders_makes_two_refunds(jimmy, bought, confirmed):
    first, second = (
        jimmy.refund(order, (BOWL, 1), key="one").json_body for order in (bought, confirmed)
    )

    assert first["refundId"] != second["refundId"]


def test_more_than_was_bought_is_not_given_back(jimmy, bought):
    jimmy.refund(bought, (BOWL, 1), key="one")

    response = jimmy.refund(bought, (BOWL, 2), (SHAKE, 1), ("PROD#other", 1), key="two")

    assert refusal(response) == (409, "RefundTooLarge")
    assert (
        response.json_body["Message"] == f"{BOWL}: 2 wanted, 1 left; PROD#other: 1 wanted, 0 left"
    )
    assert amounts(bought) == [1299]


def test_where_all_was_asked_back_piece_by_piece_nothing_is_left(jimmy, bought):
    jimmy.refund(bought, (BOWL, 2), (SHAKE, 3), key="one")

    assert refusal(jimmy.refund(bought)) == (409, "NothingToRefund")
    assert amounts(bought) == [3648]


def test_what_was_not_paid_is_not_refunded(api, jimmy, admin, order):
    for customer in (jimmy, admin):
        assert refusal(customer.refund(order)) == (409, "OrderNotRefundable")
    jimmy.cancel(order)
    assert refusal(jimmy.refund(order)) == (409, "OrderNotRefundable")
    assert "refunds" not in row(order)


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_what_failed_is_not_refunded(api, jimmy, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert refusal(jimmy.refund(order)) == (409, "OrderNotRefundable")


def test_nobody_gives_back_somebody_elses_order_but_an_admin(amy, admin, bought):
    assert refusal(amy.refund(bought)) == (404, "OrderNotFound")
    assert refusal(amy.refund("ORDER#none")) == (404, "OrderNotFound")
    assert amounts(bought) == []

    assert admin.refund(bought).status_code == 202
    assert row(bought)["refunds"][0]["requestedBy"] != JIMMY


def test_a_customer_gives_back_within_some_days_an_admin_always(jimmy, admin, bought):
    placed_days_ago(bought, 13.9)
    assert jimmy.refund(bought, (BOWL, 1), key="one").status_code == 202

    placed_days_ago(bought, 14.1)
    assert refusal(jimmy.refund(bought, (BOWL, 1), key="two")) == (409, "RefundPeriodOver")
    assert jimmy.refund(bought, (BOWL, 1), key="one").status_code == 202  # the answer of then
    assert admin.refund(bought).status_code == 202


def test_how_many_days_is_a_setting(jimmy, bought, monkeypatch):
    placed_days_ago(bought, 3)
    monkeypatch.setenv("REFUND_DAYS", "2")
    assert refusal(jimmy.refund(bought)) == (409, "RefundPeriodOver")

    monkeypatch.setenv("REFUND_DAYS", "4")
    assert jimmy.refund(bought).status_code == 202


@pytest.mark.parametrize("restock", [True, False])
def test_only_an_admin_says_whether_goods_go_back_on_the_shelf(jimmy, admin, bought, restock):
    assert refusal(jimmy.refund(bought, restock=restock)) == (403, "AdminOnly")
    assert amounts(bought) == []

    assert admin.refund(bought, restock=restock).json_body["restock"] is restock


def test_what_cannot_be_meant_is_refused(jimmy, bought):
    for body, code in (
        ({"items": []}, "InvalidBody"),
        ({"items": "all"}, "InvalidBody"),
        ({"items": [{"productId": BOWL}]}, "InvalidBody"),
        ({"items": [{"productId": BOWL, "qty": 0}]}, "InvalidBody"),
        ({"items": [{"productId": BOWL, "qty": 1.5}]}, "InvalidBody"),
        ({"items": [{"productId": "no such!", "qty": 1}]}, "InvalidId"),
        ({"items": [{"productId": f"PROD#{n}", "qty": 1} for n in range(100)]}, "InvalidBody"),
        ({"restock": "no"}, "InvalidBody"),
        ({"reason": "x" * 501}, "InvalidBody"),
    ):
        assert refusal(jimmy.refund(bought, key="one", **body)) == (400, code), body
    assert amounts(bought) == []


def test_an_order_has_at_most_fifty_refunds(api, jimmy, shelf):
    shelf.supply(BOWL, stock=99)
    order_id = jimmy.order((BOWL, 60)).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#1"})
    for number in range(50):
        assert jimmy.refund(order_id, (BOWL, 1), key=f"k{number}").status_code == 202

    assert refusal(jimmy.refund(order_id, (BOWL, 1), key="one-more")) == (409, "TooManyRefunds")
    assert jimmy.refund(order_id, (BOWL, 1), key="k0").status_code == 202
    assert len(amounts(order_id)) == 50


# at the same time


def test_many_refunds_at_once_never_give_back_more_than_was_paid(jimmy, bought):
    answers = at_once(
        *(partial(jimmy.refund, bought, (BOWL, 1), (SHAKE, 1), key=f"k{n}") for n in range(6))
    )

    taken = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409, 503}
    assert 1 <= len(taken) <= 2
    assert amounts(bought) == [1649] * len(taken)
    assert refunded_pieces(bought) == {BOWL: len(taken), SHAKE: len(taken)}


def test_a_double_click_is_one_refund(jimmy, bought):
    for key in (None, "click"):
        answers = at_once(*[partial(jimmy.refund, bought, key=key)] * 4)
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.body for answer in answers}) == 1
    assert amounts(bought) == [3648]


def test_refunds_go_on_while_earlier_ones_are_done(api, jimmy, bought):
    first = jimmy.refund(bought, (SHAKE, 1), key="one")

    _, second = at_once(
        partial(api.sqs, "on-payment-refunded", [given_back(first)]),
        partial(jimmy.refund, bought, (SHAKE, 1), key="two"),
    )

    assert second.status_code == 202
    assert [refund["status"] for refund in row(bought)["refunds"]] == ["DONE", "REQUESTED"]


def test_an_order_that_never_stops_changing_is_to_be_tried_again(jimmy, bought, monkeypatch):
    """Somebody else always writes between this request's look and its write."""
    update = Order.update

    def outrun(order, *args, **kwargs):
        table("Orders").update_item(
            Key={"orderId": bought},
            UpdateExpression="ADD version :one",
            ExpressionAttributeValues={":one": 1},
        )
        return update(order, *args, **kwargs)

    monkeypatch.setattr(Order, "update", outrun)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    assert refusal(jimmy.refund(bought)) == (503, "OrderContended")
    assert amounts(bought) == []


# on-payment-refunded


def test_a_refund_that_was_made_is_done_and_the_order_is_refunded(jimmy, bought, give_back):
    refund = jimmy.refund(bought, reason="Too spicy")
    give_back(refund)

    seen = jimmy.see(bought).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("REFUNDED", 36.48)
    (shown,) = seen["refunds"]
    assert shown.pop("requestedAt") <= seen["updatedAt"]
    assert shown == {
        "refundId": refund.json_body["refundId"],
        "status": "DONE",
        "items": [{"productId": BOWL, "qty": 2}, {"productId": SHAKE, "qty": 3}],
        "amount": 36.48,
        "restock": True,
        "doneAt": "2025-10-14T09:00:00.000Z",
        "reason": "Too spicy",
    }


def test_an_order_shows_what_was_asked_back_and_what_was_given_back(jimmy, bought, give_back):
    assert "refunds" not in jimmy.see(bought).json_body
    first = jimmy.refund(bought, (BOWL, 1), key="one")
    seen = jimmy.see(bought).json_body
    assert (seen["status"], seen["refundedAmount"], len(seen["refunds"])) == ("CONFIRMED", 0, 1)

    give_back(first)
    jimmy.refund(bought)

    seen = jimmy.see(bought).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("PARTLY_REFUNDED", 12.99)
    assert [(refund["status"], refund["amount"]) for refund in seen["refunds"]] == [
        ("DONE", 12.99),
        ("REQUESTED", 23.49),
    ]


def test_refunds_are_done_in_any_order_and_repeats_do_nothing(jimmy, bought, give_back):
    first = jimmy.refund(bought, (BOWL, 1), key="one")
    second = jimmy.refund(bought, (SHAKE, 1), key="two")
    last = jimmy.refund(bought)

    give_back(last)
    assert row(bought)["status"] == "PARTLY_REFUNDED"
    give_back(last, second, second)
    assert row(bought)["status"] == "PARTLY_REFUNDED"
    give_back(first)
    assert row(bought)["status"] == "REFUNDED"

    before = row(bought)
    give_back(first, second, last)
    assert row(bought) == before


def test_pieces_that_are_not_asked_for_keep_an_order_partly_refunded(jimmy, bought, give_back):
    give_back(jimmy.refund(bought, (BOWL, 2), (SHAKE, 2), key="one"))

    assert row(bought)["status"] == "PARTLY_REFUNDED"


@pytest.mark.parametrize("wrong", [{"orderId": "ORDER#none"}, {"refundId": "REFUND#none"}])
def test_money_given_back_for_nothing_known_waits_for_somebody_to_look(
    api, jimmy, bought, queue, wrong
):
    refund = jimmy.refund(bought).json_body
    stray, good = given_back({**refund, **wrong}), given_back(refund)

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-payment-refunded", [stray, good], queue="payment-refunded-queue")

    assert queue("payment-refunded-queue") == [stray]
    assert row(bought)["status"] == "REFUNDED"


def test_an_event_of_another_kind_is_left_in_the_queue(api, jimmy, bought, queue):
    other = {**given_back(jimmy.refund(bought)), "detail-type": "PaymentSuccess"}

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-payment-refunded", [other], queue="payment-refunded-queue")

    assert row(bought)["status"] == "CONFIRMED"


def test_a_refund_told_on_the_bus_arrives_in_the_queue(jimmy, bought, queue):
    message = given_back(jimmy.refund(bought))

    events.publish(events.parse(events.PaymentRefunded, message))

    (arrived,) = queue("payment-refunded-queue")
    assert arrived["detail"] == message["detail"]


# what else looks at an order's status


@pytest.fixture(params=["PARTLY_REFUNDED", "REFUNDED"])
def refunded(request, jimmy, bought, give_back):
    """An order that is partly, or wholly, refunded, and which of the two."""
    lines = [(BOWL, 1)] if request.param == "PARTLY_REFUNDED" else []
    give_back(jimmy.refund(bought, *lines, key="one"))
    assert row(bought)["status"] == request.param
    return bought, request.param


def test_a_refunded_order_stays_confirmed_for_a_saga_that_repeats_itself(api, refunded):
    order_id, status = refunded
    before = row(order_id)

    again = api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#2001"})
    with pytest.raises(Exception) as other:  # noqa: PT011  (the name is what is looked at)
        api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#other"})

    assert again == {"orderId": order_id, "status": status}
    assert type(other.value).__name__ == "OrderNotPayable"
    assert row(order_id) == before


def test_a_refunded_order_neither_fails_nor_is_cancelled_nor_paid_again(api, jimmy, refunded):
    order_id, status = refunded
    before = row(order_id)

    assert api.invoke("fail-order", {"orderId": order_id, "reason": "x"})["status"] == status
    assert refusal(jimmy.cancel(order_id)) == (409, "OrderAlreadyConfirmed")
    with pytest.raises(Exception) as unpayable:  # noqa: PT011
        api.invoke("validate-order", {"orderId": order_id})
    assert type(unpayable.value).__name__ == "OrderNotPayable"
    assert row(order_id) == before


def test_a_customer_who_places_a_refunded_order_again_is_told_that_it_was_bought(api, refunded):
    order_id, status = refunded
    again = {"orderId": order_id, "userId": JIMMY, "items": [{"productId": BOWL, "qty": 2}]}

    assert api.invoke("validate-order", again)["status"] == status


def test_refunded_orders_are_listed_by_their_status(jimmy, refunded):
    order_id, status = refunded

    (listed,) = jimmy.list(f"?status={status}").json_body
    assert (listed["orderId"], len(listed["refunds"])) == (order_id, 1)
    assert jimmy.list("?status=CONFIRMED").json_body == []
