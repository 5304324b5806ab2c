"""A paid order is refunded whole or in part, once, and never above what was paid."""

from functools import partial

import pytest
from order_actors import error_of, run_concurrently
from order_factories import BOWL, SHAKE, payment_refunded, row

from common import events, queues, transactions
from testkit.resources import table
from testkit.tokens import ADMIN, JIMMY


def amounts(order_id):
    return [int(refund["amountMinor"]) for refund in row(order_id).get("refunds", [])]


def refunded_pieces(order_id):
    """How many of each product the refunds of the order have together."""
    pieces = {}
    for refund in row(order_id).get("refunds", []):
        for line in refund["items"]:
            pieces[line["productId"]] = pieces.get(line["productId"], 0) + int(line["qty"])
    return pieces


def test_a_paid_order_can_be_refunded_whole(admin, paid):
    response = admin.refund(paid, reason="Too spicy")

    assert response.status_code == 202
    answer = response.json_body
    assert answer.pop("refundId").startswith("REFUND#")
    assert answer == {
        "orderId": paid,
        "status": "REQUESTED",
        "amount": 36.48,
        "currency": "USD",
        "items": [{"productId": BOWL, "qty": 2}, {"productId": SHAKE, "qty": 3}],
        "restock": True,
    }
    stored = row(paid)
    assert stored["status"] == "CONFIRMED"  # until the gateway has paid it out
    (refund,) = stored["refunds"]
    assert (refund["amountMinor"], refund["reason"], refund["requestedBy"]) == (
        3648,
        "Too spicy",
        ADMIN,
    )


def test_a_partial_refund_is_at_the_price_that_was_paid(admin, paid, catalogue):
    catalogue.put(BOWL, price_minor=9900)

    response = admin.refund(paid, (BOWL, 1), (SHAKE, 2), key="one")

    assert (response.status_code, response.json_body["amount"]) == (202, 19.99)


def test_lines_of_the_same_product_are_added_up(admin, paid):
    response = admin.refund(paid, (SHAKE, 1), (SHAKE.removeprefix("PROD#"), 1), key="one")

    assert response.json_body["items"] == [{"productId": SHAKE, "qty": 2}]


def test_a_whole_refund_takes_what_is_left(admin, paid):
    admin.refund(paid, (BOWL, 1), (SHAKE, 3), key="one")

    rest = admin.refund(paid).json_body

    assert (rest["amount"], rest["items"]) == (12.99, [{"productId": BOWL, "qty": 1}])


def test_requesting_a_whole_refund_again_returns_the_first(admin, paid, complete_refunds):
    first = admin.refund(paid)
    again = admin.refund(paid, reason="I said so")
    complete_refunds(first)
    afterwards = admin.refund(paid, key="late")

    assert first.json_body == again.json_body == afterwards.json_body
    assert again.status_code == 202
    assert amounts(paid) == [3648]


def test_the_same_key_and_body_get_the_first_refund(admin, paid):
    first = admin.refund(paid, (BOWL, 1), key="one")

    assert admin.refund(paid, (BOWL, 1), key="one").json_body == first.json_body
    assert amounts(paid) == [1299]


def test_two_equal_refunds_with_two_keys_are_two(admin, paid):
    first, second = (admin.refund(paid, (BOWL, 1), key=key).json_body for key in ("one", "two"))

    assert first["refundId"] != second["refundId"]
    assert amounts(paid) == [1299, 1299]


def test_a_key_is_needed_where_items_are_named(admin, paid):
    response = admin.refund(paid, (BOWL, 1))

    assert error_of(response) == (400, "InvalidIdempotencyKey")
    assert "both be meant" in response.json_body["Message"]
    assert amounts(paid) == []


def test_a_key_with_another_body_is_rejected(admin, paid):
    admin.refund(paid, (BOWL, 1), key="one")

    for again in (
        partial(admin.refund, paid, (BOWL, 2), key="one"),
        partial(admin.refund, paid, (BOWL, 1), key="one", reason="other"),
        partial(admin.refund, paid, key="one"),
    ):
        assert error_of(again()) == (422, "IdempotencyKeyReused")
    assert amounts(paid) == [1299]


def test_the_key_of_a_whole_refund_with_another_body_is_rejected(admin, paid):
    admin.refund(paid, key="one")

    assert error_of(admin.refund(paid, (BOWL, 1), key="one")) == (422, "IdempotencyKeyReused")


def test_the_same_key_on_two_orders_makes_two_refunds(admin, paid, confirmed):
    first, second = (
        admin.refund(order, (BOWL, 1), key="one").json_body for order in (paid, confirmed)
    )

    assert first["refundId"] != second["refundId"]


def test_more_than_was_bought_is_not_refunded(admin, paid):
    admin.refund(paid, (BOWL, 1), key="one")

    response = admin.refund(paid, (BOWL, 2), (SHAKE, 1), ("PROD#other", 1), key="two")

    assert error_of(response) == (409, "RefundTooLarge")
    assert (
        response.json_body["Message"] == f"{BOWL}: 2 wanted, 1 left; PROD#other: 1 wanted, 0 left"
    )
    assert amounts(paid) == [1299]


# amounts

STANDARD = {
    "methodId": "SHIP#1",
    "name": "Standard",
    "minDays": 2,
    "maxDays": 4,
    "priceMinor": 500,
    "taxMinor": 0,
}


@pytest.fixture
def set_shipping():
    """Let some of an order's total be for shipping."""

    def set_shipping(order_id, minor):
        table("Orders").update_item(
            Key={"orderId": order_id},
            UpdateExpression="SET shipping = :shipping",
            ExpressionAttributeValues={":shipping": {**STANDARD, "totalMinor": minor}},
        )

    return set_shipping


def test_an_amount_is_refunded_without_goods(admin, paid):
    answer = admin.refund(paid, amount=5.5, key="one", reason="late").json_body

    assert (answer["amount"], answer["items"], answer["restock"]) == (5.5, [], False)
    (stored,) = row(paid)["refunds"]
    assert (stored["requestedBy"], stored["reason"]) == (ADMIN, "late")


def test_an_amount_needs_a_key(admin, paid):
    assert error_of(admin.refund(paid, amount=5.5)) == (400, "InvalidIdempotencyKey")
    assert error_of(admin.refund(paid, shipping=5.5)) == (400, "InvalidIdempotencyKey")


def test_no_larger_amount_is_refunded_than_is_left(admin, paid):
    admin.refund(paid, amount=30, key="one")

    response = admin.refund(paid, amount=6.49, key="two")

    assert error_of(response) == (409, "RefundTooLarge")
    assert response.json_body["Message"] == "6.49 USD wanted, 6.48 USD left"
    assert error_of(admin.refund(paid, (BOWL, 1), key="three")) == (409, "RefundTooLarge")
    assert admin.refund(paid, amount=6.48, key="four").status_code == 202
    assert error_of(admin.refund(paid, amount=0.01, key="five")) == (409, "NothingToRefund")
    assert amounts(paid) == [3000, 648]


def test_the_whole_rest_after_an_amount_is_what_is_left(admin, paid, complete_refunds):
    first = admin.refund(paid, amount=30, key="one")
    rest = admin.refund(paid)

    assert (rest.json_body["amount"], len(rest.json_body["items"])) == (6.48, 2)
    complete_refunds(first, rest)
    assert row(paid)["status"] == "REFUNDED"


def test_an_order_whose_amount_is_refunded_is_refunded(jimmy, admin, paid, complete_refunds):
    complete_refunds(admin.refund(paid, amount=30, key="one"))
    assert row(paid)["status"] == "PARTLY_REFUNDED"

    complete_refunds(admin.refund(paid, amount=6.48, key="two"))

    assert row(paid)["status"] == "REFUNDED"
    assert jimmy.get(paid).json_body["refundedAmount"] == 36.48


def test_refunds_piece_by_piece_sum_to_what_was_paid(admin, paid):
    """Three shakes for 10.00 together: no piece costs a whole number of cents."""
    stored = row(paid)
    (shake,) = [line for line in stored["items"] if line["productId"] == SHAKE]
    shake["lineTotalMinor"] = 1000
    table("Orders").put_item(Item=stored)

    for number in range(3):
        admin.refund(paid, (SHAKE, 1), key=f"k{number}")

    assert amounts(paid) == [333, 333, 334]


def test_shipping_is_refunded_up_to_what_was_paid_for_it(admin, paid, set_shipping):
    assert error_of(admin.refund(paid, shipping=1, key="none")) == (409, "RefundTooLarge")
    set_shipping(paid, 500)

    both = admin.refund(paid, (BOWL, 1), shipping=3, key="one").json_body
    rest = admin.refund(paid, shipping=2.01, key="two")

    assert both["amount"] == 15.99
    assert error_of(rest) == (409, "RefundTooLarge")
    assert rest.json_body["Message"] == "shipping: 2.01 USD wanted, 2.00 USD left"
    assert amounts(paid) == [1599]


def test_an_order_refunded_piece_by_piece_has_nothing_left(admin, paid):
    admin.refund(paid, (BOWL, 2), (SHAKE, 3), key="one")

    assert error_of(admin.refund(paid)) == (409, "NothingToRefund")
    assert error_of(admin.refund(paid, (BOWL, 1), key="two")) == (409, "RefundTooLarge")
    assert amounts(paid) == [3648]


def test_an_unpaid_order_is_not_refunded(jimmy, admin, order):
    assert error_of(admin.refund(order)) == (409, "OrderNotRefundable")
    jimmy.cancel(order)
    assert error_of(admin.refund(order)) == (409, "OrderNotRefundable")
    assert "refunds" not in row(order)


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_a_failed_order_is_not_refunded(api, admin, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert error_of(admin.refund(order)) == (409, "OrderNotRefundable")


def test_customers_refund_nothing(jimmy, amy, admin, paid):
    for customer in (jimmy, amy):
        assert error_of(customer.refund(paid)) == (403, "InsufficientScope")
        assert error_of(customer.refund("ORDER#none")) == (403, "InsufficientScope")
    assert amounts(paid) == []

    assert error_of(admin.refund("ORDER#none")) == (404, "OrderNotFound")
    assert admin.refund(paid).status_code == 202


@pytest.mark.parametrize("restock", [True, False])
def test_staff_decide_on_restocking(admin, paid, restock):
    assert admin.refund(paid, restock=restock).json_body["restock"] is restock


def test_an_invalid_refund_is_rejected(admin, paid):
    for body, code in (
        ({"items": []}, "InvalidBody"),
        ({"items": "all"}, "InvalidBody"),
        ({"items": [{"productId": BOWL}]}, "InvalidBody"),
        ({"items": [{"productId": BOWL, "qty": 0}]}, "InvalidBody"),
        ({"items": [{"productId": BOWL, "qty": 1.5}]}, "InvalidBody"),
        ({"items": [{"productId": "no such!", "qty": 1}]}, "InvalidId"),
        ({"items": [{"productId": f"PROD#{n}", "qty": 1} for n in range(100)]}, "InvalidBody"),
        ({"restock": "no"}, "InvalidBody"),
        ({"reason": None}, "InvalidBody"),
        ({"amount": 0}, "InvalidBody"),
        ({"amount": -1}, "InvalidBody"),
        ({"amount": "1"}, "InvalidBody"),
        ({"amount": 1.001}, "InvalidAmount"),
        ({"shipping": 0}, "InvalidBody"),
        ({"amount": 1, "items": [{"productId": BOWL, "qty": 1}]}, "InvalidBody"),
        ({"reason": "x" * 501}, "InvalidBody"),
        ({"reason": "cold\0"}, "InvalidBody"),
    ):
        assert error_of(admin.refund(paid, key="one", **body)) == (400, code), body
    assert amounts(paid) == []


def test_a_reason_of_several_lines_is_kept_in_one_form(admin, paid):
    refund = admin.refund(paid, reason="\ufeffToo\u00a0spicy\r\nक\u094d\u200dष")

    assert refund.status_code == 202
    (stored,) = row(paid)["refunds"]
    assert stored["reason"] == "Too spicy\nक\u094d\u200dष"


def test_an_order_has_at_most_fifty_refunds(api, jimmy, admin, catalogue):
    catalogue.put(BOWL, stock=99)
    order_id = jimmy.order((BOWL, 60), paymentMethod="pm_card_visa").json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#1"})
    for number in range(50):
        assert admin.refund(order_id, (BOWL, 1), key=f"k{number}").status_code == 202

    assert error_of(admin.refund(order_id, (BOWL, 1), key="one-more")) == (409, "TooManyRefunds")
    assert admin.refund(order_id, (BOWL, 1), key="k0").status_code == 202
    assert len(amounts(order_id)) == 50


# concurrency


def test_concurrent_refunds_never_exceed_what_was_paid(admin, paid):
    answers = run_concurrently(
        *(partial(admin.refund, paid, (BOWL, 1), (SHAKE, 1), key=f"k{n}") for n in range(6))
    )

    taken = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409, 503}
    assert 1 <= len(taken) <= 2
    assert amounts(paid) == [1649] * len(taken)
    assert refunded_pieces(paid) == {BOWL: len(taken), SHAKE: len(taken)}


def test_a_double_click_is_one_refund(admin, paid):
    for key in (None, "click"):
        answers = run_concurrently(*[partial(admin.refund, paid, key=key)] * 4)
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.body for answer in answers}) == 1
    assert amounts(paid) == [3648]


def test_a_refund_is_requested_while_another_completes(api, admin, paid):
    first = admin.refund(paid, (SHAKE, 1), key="one")

    _, second = run_concurrently(
        partial(api.sqs, "on-payment-refunded", [payment_refunded(first)]),
        partial(admin.refund, paid, (SHAKE, 1), key="two"),
    )

    assert second.status_code == 202
    assert [refund["status"] for refund in row(paid)["refunds"]] == ["DONE", "REQUESTED"]


def test_a_refund_of_an_order_that_keeps_changing_is_contended(admin, paid, monkeypatch):
    """Another writer always comes between this request's read and write."""
    write = transactions.write

    def overtake(*operations):
        table("Orders").update_item(
            Key={"orderId": paid},
            UpdateExpression="ADD version :one",
            ExpressionAttributeValues={":one": 1},
        )
        write(*operations)

    monkeypatch.setattr(transactions, "write", overtake)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    assert error_of(admin.refund(paid)) == (503, "OrderContended")
    assert amounts(paid) == []


# on-payment-refunded


def test_a_paid_out_refund_is_done_and_the_order_refunded(jimmy, admin, paid, complete_refunds):
    refund = admin.refund(paid, reason="Too spicy")
    complete_refunds(refund)

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("REFUNDED", 36.48)
    (shown,) = seen["refunds"]
    assert shown.pop("requestedAt") <= seen["updatedAt"]
    assert shown == {
        "refundId": refund.json_body["refundId"],
        "status": "DONE",
        "items": [{"productId": BOWL, "qty": 2}, {"productId": SHAKE, "qty": 3}],
        "amount": 36.48,
        "restock": True,
        "requestedBy": ADMIN,
        "doneAt": "2025-10-14T09:00:00.000Z",
        "reason": "Too spicy",
    }


def test_an_order_shows_requested_and_completed_refunds(jimmy, admin, paid, complete_refunds):
    assert "refunds" not in jimmy.get(paid).json_body
    first = admin.refund(paid, (BOWL, 1), key="one")
    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"], len(seen["refunds"])) == ("CONFIRMED", 0, 1)

    complete_refunds(first)
    admin.refund(paid)

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("PARTLY_REFUNDED", 12.99)
    assert [(refund["status"], refund["amount"]) for refund in seen["refunds"]] == [
        ("DONE", 12.99),
        ("REQUESTED", 23.49),
    ]


def test_refunds_complete_in_any_order_and_only_once(admin, paid, complete_refunds):
    first = admin.refund(paid, (BOWL, 1), key="one")
    second = admin.refund(paid, (SHAKE, 1), key="two")
    last = admin.refund(paid)

    complete_refunds(last)
    assert row(paid)["status"] == "PARTLY_REFUNDED"
    complete_refunds(last, second, second)
    assert row(paid)["status"] == "PARTLY_REFUNDED"
    complete_refunds(first)
    assert row(paid)["status"] == "REFUNDED"

    before = row(paid)
    complete_refunds(first, second, last)
    assert row(paid) == before


def test_an_order_with_goods_left_stays_partly_refunded(admin, paid, complete_refunds):
    complete_refunds(admin.refund(paid, (BOWL, 2), (SHAKE, 2), key="one"))

    assert row(paid)["status"] == "PARTLY_REFUNDED"


@pytest.mark.parametrize("wrong", [{"orderId": "ORDER#none"}, {"refundId": "REFUND#none"}])
def test_a_payment_refunded_for_an_unknown_refund_stays_in_the_queue(
    api, admin, paid, queue, wrong
):
    refund = admin.refund(paid).json_body
    stray, good = payment_refunded({**refund, **wrong}), payment_refunded(refund)

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-payment-refunded", [stray, good], queue="payment-refunded-queue")

    assert queue("payment-refunded-queue") == [stray]
    assert row(paid)["status"] == "REFUNDED"


def test_an_event_of_another_kind_is_left_in_the_queue(api, admin, paid, queue):
    other = {**payment_refunded(admin.refund(paid)), "detail-type": "PaymentSuccess"}

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-payment-refunded", [other], queue="payment-refunded-queue")

    assert row(paid)["status"] == "CONFIRMED"


def test_a_payment_refunded_on_the_bus_arrives_in_the_queue(admin, paid, queue):
    message = payment_refunded(admin.refund(paid))

    events.publish(events.parse(events.PaymentRefunded, message))

    (arrived,) = queue("payment-refunded-queue")
    assert arrived["detail"] == message["detail"]


# the status of a refunded order


@pytest.fixture(params=["PARTLY_REFUNDED", "REFUNDED"])
def refunded(request, admin, paid, complete_refunds):
    """An order that is partly, or wholly, refunded, and which of the two."""
    lines = [(BOWL, 1)] if request.param == "PARTLY_REFUNDED" else []
    complete_refunds(admin.refund(paid, *lines, key="one"))
    assert row(paid)["status"] == request.param
    return paid, request.param


def test_a_repeated_confirmation_leaves_a_refunded_order_alone(api, refunded):
    order_id, status = refunded
    before = row(order_id)

    again = api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#2001"})
    with pytest.raises(Exception) as other:  # noqa: PT011  (the test looks at the class name)
        api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#other"})

    assert again == {"orderId": order_id, "status": status}
    assert type(other.value).__name__ == "OrderNotPayable"
    assert row(order_id) == before


def test_a_refunded_order_cannot_fail_or_be_paid_again(api, refunded):
    order_id, status = refunded
    before = row(order_id)

    assert api.invoke("fail-order", {"orderId": order_id, "reason": "x"})["status"] == status
    with pytest.raises(Exception) as unpayable:  # noqa: PT011
        api.invoke("validate-order", {"orderId": order_id})
    assert type(unpayable.value).__name__ == "OrderNotPayable"
    assert row(order_id) == before


def test_placing_a_refunded_order_again_returns_it_as_bought(api, refunded):
    order_id, status = refunded
    again = {"orderId": order_id, "userId": JIMMY, "items": [{"productId": BOWL, "qty": 2}]}

    assert api.invoke("validate-order", again)["status"] == status


def test_refunded_orders_are_listed_by_their_status(jimmy, refunded):
    order_id, status = refunded

    (listed,) = jimmy.list(f"?status={status}").json_body
    assert (listed["orderId"], len(listed["refunds"])) == (order_id, 1)
    assert jimmy.list("?status=CONFIRMED").json_body == []
