"""A paid order is refunded whole or in part, once, and never above what was paid."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from order_actors import error_of, run_concurrently
from order_factories import BOWL, SHAKE, payment_refunded, row

from chalicelib.orders.models import Order
from common import events, queues
from testkit.resources import table
from testkit.tokens import JIMMY


def amounts(order_id):
    return [int(refund["amountMinor"]) for refund in row(order_id).get("refunds", [])]


def refunded_pieces(order_id):
    """How many of each product the refunds of the order have together."""
    pieces = {}
    for refund in row(order_id).get("refunds", []):
        for line in refund["items"]:
            pieces[line["productId"]] = pieces.get(line["productId"], 0) + int(line["qty"])
    return pieces


def set_age(order_id, days):
    moment = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
    table("Orders").update_item(
        Key={"orderId": order_id},
        UpdateExpression="SET createdAt = :at",
        ExpressionAttributeValues={":at": moment.replace("+00:00", "Z")},
    )


def test_a_paid_order_can_be_refunded_whole(jimmy, paid):
    response = jimmy.refund(paid, reason="Too spicy")

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
        JIMMY,
    )


def test_a_partial_refund_is_at_the_price_that_was_paid(jimmy, paid, catalogue):
    catalogue.put(BOWL, price_minor=9900)

    response = jimmy.refund(paid, (BOWL, 1), (SHAKE, 2), key="one")

    assert (response.status_code, response.json_body["amount"]) == (202, 19.99)


def test_lines_of_the_same_product_are_added_up(jimmy, paid):
    response = jimmy.refund(paid, (SHAKE, 1), (SHAKE.removeprefix("PROD#"), 1), key="one")

    assert response.json_body["items"] == [{"productId": SHAKE, "qty": 2}]


def test_a_whole_refund_takes_what_is_left(jimmy, paid):
    jimmy.refund(paid, (BOWL, 1), (SHAKE, 3), key="one")

    rest = jimmy.refund(paid).json_body

    assert (rest["amount"], rest["items"]) == (12.99, [{"productId": BOWL, "qty": 1}])


def test_requesting_a_whole_refund_again_returns_the_first(jimmy, paid, complete_refunds):
    first = jimmy.refund(paid)
    again = jimmy.refund(paid, reason="I said so")
    complete_refunds(first)
    afterwards = jimmy.refund(paid, key="late")

    assert first.json_body == again.json_body == afterwards.json_body
    assert again.status_code == 202
    assert amounts(paid) == [3648]


def test_the_same_key_and_body_get_the_first_refund(jimmy, paid):
    first = jimmy.refund(paid, (BOWL, 1), key="one")

    assert jimmy.refund(paid, (BOWL, 1), key="one").json_body == first.json_body
    assert amounts(paid) == [1299]


def test_two_equal_refunds_with_two_keys_are_two(jimmy, paid):
    first, second = (jimmy.refund(paid, (BOWL, 1), key=key).json_body for key in ("one", "two"))

    assert first["refundId"] != second["refundId"]
    assert amounts(paid) == [1299, 1299]


def test_a_key_is_needed_where_items_are_named(jimmy, paid):
    response = jimmy.refund(paid, (BOWL, 1))

    assert error_of(response) == (400, "InvalidIdempotencyKey")
    assert "both be meant" in response.json_body["Message"]
    assert amounts(paid) == []


def test_a_key_with_another_body_is_rejected(jimmy, paid):
    jimmy.refund(paid, (BOWL, 1), key="one")

    for again in (
        partial(jimmy.refund, paid, (BOWL, 2), key="one"),
        partial(jimmy.refund, paid, (BOWL, 1), key="one", reason="other"),
        partial(jimmy.refund, paid, key="one"),
    ):
        assert error_of(again()) == (422, "IdempotencyKeyReused")
    assert amounts(paid) == [1299]


def test_the_key_of_a_whole_refund_with_another_body_is_rejected(jimmy, paid):
    jimmy.refund(paid, key="one")

    assert error_of(jimmy.refund(paid, (BOWL, 1), key="one")) == (422, "IdempotencyKeyReused")


def test_the_same_key_on_two_orders_makes_two_refunds(jimmy, paid, confirmed):
    first, second = (
        jimmy.refund(order, (BOWL, 1), key="one").json_body for order in (paid, confirmed)
    )

    assert first["refundId"] != second["refundId"]


def test_more_than_was_bought_is_not_refunded(jimmy, paid):
    jimmy.refund(paid, (BOWL, 1), key="one")

    response = jimmy.refund(paid, (BOWL, 2), (SHAKE, 1), ("PROD#other", 1), key="two")

    assert error_of(response) == (409, "RefundTooLarge")
    assert (
        response.json_body["Message"] == f"{BOWL}: 2 wanted, 1 left; PROD#other: 1 wanted, 0 left"
    )
    assert amounts(paid) == [1299]


def test_an_order_refunded_piece_by_piece_has_nothing_left(jimmy, paid):
    jimmy.refund(paid, (BOWL, 2), (SHAKE, 3), key="one")

    assert error_of(jimmy.refund(paid)) == (409, "NothingToRefund")
    assert amounts(paid) == [3648]


def test_an_unpaid_order_is_not_refunded(api, jimmy, admin, order):
    for customer in (jimmy, admin):
        assert error_of(customer.refund(order)) == (409, "OrderNotRefundable")
    jimmy.cancel(order)
    assert error_of(jimmy.refund(order)) == (409, "OrderNotRefundable")
    assert "refunds" not in row(order)


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED"])
def test_a_failed_order_is_not_refunded(api, jimmy, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "x", "status": status})

    assert error_of(jimmy.refund(order)) == (409, "OrderNotRefundable")


def test_only_an_admin_refunds_another_customers_order(amy, admin, paid):
    assert error_of(amy.refund(paid)) == (404, "OrderNotFound")
    assert error_of(amy.refund("ORDER#none")) == (404, "OrderNotFound")
    assert amounts(paid) == []

    assert admin.refund(paid).status_code == 202
    assert row(paid)["refunds"][0]["requestedBy"] != JIMMY


def test_a_customer_refunds_within_the_period_an_admin_always(jimmy, admin, paid):
    set_age(paid, 13.9)
    assert jimmy.refund(paid, (BOWL, 1), key="one").status_code == 202

    set_age(paid, 14.1)
    assert error_of(jimmy.refund(paid, (BOWL, 1), key="two")) == (409, "RefundPeriodOver")
    assert jimmy.refund(paid, (BOWL, 1), key="one").status_code == 202  # the first answer
    assert admin.refund(paid).status_code == 202


def test_the_refund_period_is_a_setting(jimmy, paid, monkeypatch):
    set_age(paid, 3)
    monkeypatch.setenv("REFUND_DAYS", "2")
    assert error_of(jimmy.refund(paid)) == (409, "RefundPeriodOver")

    monkeypatch.setenv("REFUND_DAYS", "4")
    assert jimmy.refund(paid).status_code == 202


@pytest.mark.parametrize("restock", [True, False])
def test_only_an_admin_decides_on_restocking(jimmy, admin, paid, restock):
    assert error_of(jimmy.refund(paid, restock=restock)) == (403, "InsufficientScope")
    assert amounts(paid) == []

    assert admin.refund(paid, restock=restock).json_body["restock"] is restock


def test_an_invalid_refund_is_rejected(jimmy, paid):
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
        ({"reason": "cold\0"}, "InvalidBody"),
    ):
        assert error_of(jimmy.refund(paid, key="one", **body)) == (400, code), body
    assert amounts(paid) == []


def test_a_reason_of_several_lines_is_kept_in_one_form(jimmy, paid):
    refund = jimmy.refund(paid, reason="\ufeffToo\u00a0spicy\r\nक\u094d\u200dष")

    assert refund.status_code == 202
    (stored,) = row(paid)["refunds"]
    assert stored["reason"] == "Too spicy\nक\u094d\u200dष"


def test_an_order_has_at_most_fifty_refunds(api, jimmy, catalogue):
    catalogue.put(BOWL, stock=99)
    order_id = jimmy.order((BOWL, 60), paymentMethod="pm_card_visa").json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#1"})
    for number in range(50):
        assert jimmy.refund(order_id, (BOWL, 1), key=f"k{number}").status_code == 202

    assert error_of(jimmy.refund(order_id, (BOWL, 1), key="one-more")) == (409, "TooManyRefunds")
    assert jimmy.refund(order_id, (BOWL, 1), key="k0").status_code == 202
    assert len(amounts(order_id)) == 50


# concurrency


def test_concurrent_refunds_never_exceed_what_was_paid(jimmy, paid):
    answers = run_concurrently(
        *(partial(jimmy.refund, paid, (BOWL, 1), (SHAKE, 1), key=f"k{n}") for n in range(6))
    )

    taken = [answer for answer in answers if answer.status_code == 202]
    assert {answer.status_code for answer in answers} <= {202, 409, 503}
    assert 1 <= len(taken) <= 2
    assert amounts(paid) == [1649] * len(taken)
    assert refunded_pieces(paid) == {BOWL: len(taken), SHAKE: len(taken)}


def test_a_double_click_is_one_refund(jimmy, paid):
    for key in (None, "click"):
        answers = run_concurrently(*[partial(jimmy.refund, paid, key=key)] * 4)
        assert {answer.status_code for answer in answers} == {202}
        assert len({answer.body for answer in answers}) == 1
    assert amounts(paid) == [3648]


def test_a_refund_is_requested_while_another_completes(api, jimmy, paid):
    first = jimmy.refund(paid, (SHAKE, 1), key="one")

    _, second = run_concurrently(
        partial(api.sqs, "on-payment-refunded", [payment_refunded(first)]),
        partial(jimmy.refund, paid, (SHAKE, 1), key="two"),
    )

    assert second.status_code == 202
    assert [refund["status"] for refund in row(paid)["refunds"]] == ["DONE", "REQUESTED"]


def test_a_refund_of_an_order_that_keeps_changing_is_contended(jimmy, paid, monkeypatch):
    """Another writer always comes between this request's read and write."""
    update = Order.update

    def overtake(order, *args, **kwargs):
        table("Orders").update_item(
            Key={"orderId": paid},
            UpdateExpression="ADD version :one",
            ExpressionAttributeValues={":one": 1},
        )
        return update(order, *args, **kwargs)

    monkeypatch.setattr(Order, "update", overtake)
    monkeypatch.setattr("time.sleep", lambda seconds: None)

    assert error_of(jimmy.refund(paid)) == (503, "OrderContended")
    assert amounts(paid) == []


# on-payment-refunded


def test_a_paid_out_refund_is_done_and_the_order_refunded(jimmy, paid, complete_refunds):
    refund = jimmy.refund(paid, reason="Too spicy")
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
        "doneAt": "2025-10-14T09:00:00.000Z",
        "reason": "Too spicy",
    }


def test_an_order_shows_requested_and_completed_refunds(jimmy, paid, complete_refunds):
    assert "refunds" not in jimmy.get(paid).json_body
    first = jimmy.refund(paid, (BOWL, 1), key="one")
    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"], len(seen["refunds"])) == ("CONFIRMED", 0, 1)

    complete_refunds(first)
    jimmy.refund(paid)

    seen = jimmy.get(paid).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("PARTLY_REFUNDED", 12.99)
    assert [(refund["status"], refund["amount"]) for refund in seen["refunds"]] == [
        ("DONE", 12.99),
        ("REQUESTED", 23.49),
    ]


def test_refunds_complete_in_any_order_and_only_once(jimmy, paid, complete_refunds):
    first = jimmy.refund(paid, (BOWL, 1), key="one")
    second = jimmy.refund(paid, (SHAKE, 1), key="two")
    last = jimmy.refund(paid)

    complete_refunds(last)
    assert row(paid)["status"] == "PARTLY_REFUNDED"
    complete_refunds(last, second, second)
    assert row(paid)["status"] == "PARTLY_REFUNDED"
    complete_refunds(first)
    assert row(paid)["status"] == "REFUNDED"

    before = row(paid)
    complete_refunds(first, second, last)
    assert row(paid) == before


def test_an_order_with_goods_left_stays_partly_refunded(jimmy, paid, complete_refunds):
    complete_refunds(jimmy.refund(paid, (BOWL, 2), (SHAKE, 2), key="one"))

    assert row(paid)["status"] == "PARTLY_REFUNDED"


@pytest.mark.parametrize("wrong", [{"orderId": "ORDER#none"}, {"refundId": "REFUND#none"}])
def test_a_payment_refunded_for_an_unknown_refund_stays_in_the_queue(
    api, jimmy, paid, queue, wrong
):
    refund = jimmy.refund(paid).json_body
    stray, good = payment_refunded({**refund, **wrong}), payment_refunded(refund)

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-payment-refunded", [stray, good], queue="payment-refunded-queue")

    assert queue("payment-refunded-queue") == [stray]
    assert row(paid)["status"] == "REFUNDED"


def test_an_event_of_another_kind_is_left_in_the_queue(api, jimmy, paid, queue):
    other = {**payment_refunded(jimmy.refund(paid)), "detail-type": "PaymentSuccess"}

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-payment-refunded", [other], queue="payment-refunded-queue")

    assert row(paid)["status"] == "CONFIRMED"


def test_a_payment_refunded_on_the_bus_arrives_in_the_queue(jimmy, paid, queue):
    message = payment_refunded(jimmy.refund(paid))

    events.publish(events.parse(events.PaymentRefunded, message))

    (arrived,) = queue("payment-refunded-queue")
    assert arrived["detail"] == message["detail"]


# the status of a refunded order


@pytest.fixture(params=["PARTLY_REFUNDED", "REFUNDED"])
def refunded(request, jimmy, paid, complete_refunds):
    """An order that is partly, or wholly, refunded, and which of the two."""
    lines = [(BOWL, 1)] if request.param == "PARTLY_REFUNDED" else []
    complete_refunds(jimmy.refund(paid, *lines, key="one"))
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


def test_a_refunded_order_cannot_fail_be_cancelled_or_be_paid_again(api, jimmy, refunded):
    order_id, status = refunded
    before = row(order_id)

    assert api.invoke("fail-order", {"orderId": order_id, "reason": "x"})["status"] == status
    assert error_of(jimmy.cancel(order_id)) == (409, "OrderAlreadyConfirmed")
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
