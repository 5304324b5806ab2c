"""What comes back of returns is refunded and restocked, each piece once."""

from functools import partial

import boto3
import pytest
from order_actors import Support, error_of, run_concurrently
from order_factories import BOWL, SHAKE, disputed, payment_refunded, row
from price_factories import ADDRESS, CALIFORNIA, PARCEL_US, WELCOME

from common import events
from common.roles import Role
from testkit.resources import table
from testkit.tokens import STAFF


@pytest.fixture
def approve(jimmy, support):
    """Let Jimmy return these lines, and return the return's id."""

    def approve(order_id, *lines, key="return"):
        return_id = jimmy.ask_to_return(order_id, *lines, key=key).json_body["returnId"]
        support.approve(order_id, return_id)
        return return_id

    return approve


@pytest.fixture
def approved(approve, shipped):
    """The id of the approved return of two bowls and a shake."""
    return approve(shipped, (BOWL, 2), (SHAKE, 1))


def refunds(order_id):
    """Amount, goods and restocked goods of each refund."""
    return [
        (
            int(refund["amountMinor"]),
            {line["productId"]: int(line["qty"]) for line in refund["items"]},
            {line["productId"]: int(line["qty"]) for line in refund.get("restockItems", [])},
        )
        for refund in row(order_id).get("refunds", [])
    ]


def status(order_id):
    return row(order_id)["returns"][0]["status"]


def refund_of(order_id, index=0):
    """A refund as the gateway's events name it."""
    refund = row(order_id)["refunds"][index]
    amount = int(refund["amountMinor"]) / 100
    return {
        "orderId": order_id,
        "refundId": refund["refundId"],
        "amount": amount,
        "currency": "USD",
    }


def test_what_came_back_is_refunded_at_what_was_paid(
    jimmy, support, shipped, approved, complete_refunds
):
    lines = [(BOWL, 1, True), (BOWL, 1, False), (SHAKE, 1, True)]
    received = support.receive(shipped, approved, *lines)

    assert (received.status_code, received.json_body["status"]) == (200, "RECEIVED")
    (part,) = received.json_body["parts"]
    assert [(one["qty"], one["restock"]) for one in part["items"]] == [
        (1, True),
        (1, False),
        (1, True),
    ]
    assert refunds(shipped) == [(2948, {BOWL: 2, SHAKE: 1}, {BOWL: 1, SHAKE: 1})]
    complete_refunds(refund_of(shipped))
    seen = jimmy.get(shipped).json_body
    assert (seen["status"], seen["refundedAmount"]) == ("PARTLY_REFUNDED", 29.48)
    (refund,) = seen["refunds"]
    assert (refund["refundId"], refund["returnId"]) == (part["refundId"], approved)


def test_a_return_is_received_in_parts(support, shipped, approved):
    first = support.receive(shipped, approved, (BOWL, 1, True), key="one")
    assert first.json_body["status"] == "PARTLY_RECEIVED"

    second = support.receive(shipped, approved, (BOWL, 1, True), key="two")
    assert second.json_body["status"] == "PARTLY_RECEIVED"
    last = support.receive(shipped, approved, (SHAKE, 1, False), key="three")
    assert last.json_body["status"] == "RECEIVED"
    assert refunds(shipped) == [
        (1299, {BOWL: 1}, {BOWL: 1}),
        (1299, {BOWL: 1}, {BOWL: 1}),
        (350, {SHAKE: 1}, {}),
    ]


def test_no_more_comes_back_than_was_to_be_returned(support, shipped, approved):
    refused = support.receive(shipped, approved, (BOWL, 2, True), (BOWL, 1, False))
    assert error_of(refused) == (409, "ReturnPartTooLarge")
    assert f"{BOWL}: 3 named, 2 awaited" in refused.json_body["Message"]
    assert error_of(support.receive(shipped, approved, ("PROD#9", 1, True))) == (
        409,
        "ReturnPartTooLarge",
    )

    support.receive(shipped, approved, (BOWL, 2, True), key="one")
    again = support.receive(shipped, approved, (BOWL, 1, True), key="two")
    assert error_of(again) == (409, "ReturnPartTooLarge")
    assert len(refunds(shipped)) == 1


def test_a_part_of_the_same_key_is_refunded_once(support, shipped, approved):
    first, again = (support.receive(shipped, approved, (BOWL, 1, True)) for _ in range(2))

    assert (again.status_code, again.json_body) == (200, first.json_body)
    other = support.receive(shipped, approved, (BOWL, 1, False))
    assert error_of(other) == (422, "IdempotencyKeyReused")
    without = support.receive(shipped, approved, (BOWL, 1, True), key=None)
    assert error_of(without) == (400, "InvalidIdempotencyKey")
    assert len(refunds(shipped)) == 1


def test_parts_at_once_never_exceed_the_return(support, shipped, approved):
    parts = [
        partial(support.receive, shipped, approved, (BOWL, 1, True), key=str(each))
        for each in range(4)
    ]

    answers = run_concurrently(*parts)

    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409]
    assert refunds(shipped) == [(1299, {BOWL: 1}, {BOWL: 1})] * 2


def test_only_what_was_approved_is_received(jimmy, support, shipped):
    asked = jimmy.ask_to_return(shipped, (BOWL, 1)).json_body["returnId"]
    early = support.receive(shipped, asked, (BOWL, 1, True))
    assert error_of(early) == (409, "ReturnStatusConflict")

    support.reject(shipped, asked)
    late = support.receive(shipped, asked, (BOWL, 1, True))
    assert error_of(late) == (409, "ReturnStatusConflict")
    assert error_of(support.receive(shipped, "RET#1", (BOWL, 1, True))) == (404, "ReturnNotFound")
    assert refunds(shipped) == []


def test_what_came_back_is_not_rejected(support, shipped, approved):
    support.receive(shipped, approved, (BOWL, 1, True))

    assert error_of(support.reject(shipped, approved)) == (409, "ReturnStatusConflict")


def test_a_customer_receives_no_return(api, tokens, jimmy, shipped, approved):
    for token in (jimmy.token, tokens.staff(Role.FINANCE)):
        refused = Support(api, token).receive(shipped, approved, (BOWL, 1, True))
        assert error_of(refused) == (403, "InsufficientScope")
    assert refunds(shipped) == []


# money


@pytest.fixture
def priced(api, jimmy, staff, warehouse):
    """The id of a shipped order with coupon, tax and shipping."""
    staff.create("/shipping-methods", PARCEL_US)
    staff.create("/tax-rates", CALIFORNIA)
    staff.create("/promotions", WELCOME)
    terms = {"shippingAddress": ADDRESS, "couponCodes": ["welcome-10"]}
    order_id = jimmy.order((BOWL, 2), (SHAKE, 3), **terms).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#2001"})
    warehouse.ship(order_id)
    return order_id


def test_all_parts_sum_to_what_was_paid_for_the_goods(support, priced, approve):
    returned = approve(priced, (BOWL, 2), (SHAKE, 3))
    for index, name in enumerate((SHAKE, BOWL, SHAKE, SHAKE, BOWL)):
        support.receive(priced, returned, (name, 1, True), key=str(index))

    stored = row(priced)
    assert stored["discountMinor"] > 0
    assert stored["taxMinor"] > 0
    assert sum(amount for amount, _, _ in refunds(priced)) == sum(
        int(line["lineTotalMinor"]) for line in stored["items"]
    )


def test_shipping_is_refunded_where_staff_say_so(support, priced, approve):
    returned = approve(priced, (BOWL, 2), (SHAKE, 3))
    support.receive(priced, returned, (BOWL, 2, True), key="one", shipping=True)
    support.receive(priced, returned, (SHAKE, 3, True), key="two", shipping=True)

    stored = row(priced)
    paid_for_shipping = int(stored["shipping"]["totalMinor"])
    assert paid_for_shipping > 0
    assert [int(one.get("shippingMinor", 0)) for one in stored["refunds"]] == [paid_for_shipping, 0]
    assert sum(amount for amount, _, _ in refunds(priced)) == int(stored["totalMinor"])


def test_no_more_is_refunded_than_is_left(admin, support, shipped, approved):
    admin.refund(shipped, amount=30, key="goodwill")

    support.receive(shipped, approved, (BOWL, 2, True), shipping=True)
    assert [amount for amount, _, _ in refunds(shipped)] == [3000, 648]

    support.receive(shipped, approved, (SHAKE, 1, True), key="rest")
    assert refunds(shipped)[2] == (0, {SHAKE: 1}, {SHAKE: 1})


def test_goods_that_staff_refunded_meanwhile_are_not_refunded_again(
    admin, support, shipped, approved
):
    admin.refund(shipped, (BOWL, 1), key="broken")

    refused = support.receive(shipped, approved, (BOWL, 2, True))
    assert error_of(refused) == (409, "RefundTooLarge")
    assert f"{BOWL}: 2 named, 1 not refunded" in refused.json_body["Message"]
    assert status(shipped) == "APPROVED"
    assert support.receive(shipped, approved, (BOWL, 1, True)).status_code == 200


def test_of_a_refund_and_a_part_at_once_one_has_the_goods(admin, support, shipped, approved):
    answers = run_concurrently(
        partial(admin.refund, shipped, (BOWL, 2), key="refund"),
        partial(support.receive, shipped, approved, (BOWL, 2, True)),
    )

    assert sorted(answer.status_code for answer in answers) in ([200, 409], [202, 409])
    assert [amount for amount, _, _ in refunds(shipped)] == [2598]


def test_a_part_of_a_disputed_order_is_not_received(api, support, shipped, approved):
    api.sqs("on-payment-refunded", [disputed(shipped)])

    refused = support.receive(shipped, approved, (BOWL, 1, True))
    assert error_of(refused) == (409, "OrderDisputed")
    assert (status(shipped), refunds(shipped)) == ("APPROVED", [])


def test_a_refund_that_failed_is_tried_again_by_a_repeat(api, support, shipped, approved):
    support.receive(shipped, approved, (BOWL, 1, True))
    api.sqs("on-payment-refunded", [payment_refunded(refund_of(shipped), events.RefundFailed)])
    assert row(shipped)["refunds"][0]["status"] == "FAILED"

    assert support.receive(shipped, approved, (BOWL, 1, True)).status_code == 200
    (refund,) = row(shipped)["refunds"]
    assert (refund["status"], refund["attempt"]) == ("REQUESTED", 2)


# what is still to be shipped, and returned


def test_what_was_not_shipped_yet_is_shipped_after_a_return(support, warehouse, paid, approve):
    warehouse.ship(paid, (BOWL, 1), key="one")
    support.receive(paid, approve(paid, (BOWL, 1)), (BOWL, 1, True))

    assert row(paid)["fulfilmentStatus"] == "PARTLY_FULFILLED"
    rest = warehouse.ship(paid, key="rest").json_body["items"]
    assert rest == [{"productId": BOWL, "qty": 1}, {"productId": SHAKE, "qty": 3}]
    assert row(paid)["fulfilmentStatus"] == "FULFILLED"


def test_what_came_back_is_not_returned_again(jimmy, support, shipped, approved):
    support.receive(shipped, approved, (BOWL, 2, True), (SHAKE, 1, True))

    refused = jimmy.ask_to_return(shipped, (BOWL, 1), key="again")
    assert error_of(refused) == (409, "ReturnTooLarge")
    assert jimmy.ask_to_return(shipped, (SHAKE, 2), key="rest").status_code == 201


# events and acts


def test_each_part_is_published_with_its_refund(support, shipped, approved, announce, bus):
    support.receive(shipped, approved, (BOWL, 1, True), (BOWL, 1, False), key="one")
    support.receive(shipped, approved, (SHAKE, 1, False), key="two")
    announce()

    received = [event["detail"] for event in bus.events("ReturnReceived")]
    assert [(one["returnId"], one["amount"], one["items"]) for one in received] == [
        (approved, 25.98, [{"productId": BOWL, "qty": 2}]),
        (approved, 3.5, [{"productId": SHAKE, "qty": 1}]),
    ]
    requested = [event["detail"] for event in bus.events("RefundRequested")]
    assert [one["refundId"] for one in requested] == [one["refundId"] for one in received]
    assert [(one["restock"], one["amount"]) for one in requested] == [(True, 25.98), (False, 3.5)]
    assert requested[0]["items"] == [{"productId": BOWL, "qty": 1}]  # what is restocked

    announce()
    assert len({event["detail"]["eventId"] for event in bus.events("ReturnReceived")}) == 2


def test_a_part_leaves_the_trace_of_who_received_it(support, shipped, approved):
    support.receive(shipped, approved, (BOWL, 1, True))

    acts = boto3.resource("dynamodb").Table("OrderStaffActs").scan()["Items"]
    (act,) = [act for act in acts if act["action"] == "receiveReturn"]
    assert (act["userId"], act["scope"]) == (STAFF, "returns:write")
    assert "APPROVED" in act["changes"]
    assert "PARTLY_RECEIVED" in act["changes"]
    assert "Hash" not in act["changes"]


def test_the_trace_of_a_return_names_no_other(support, shipped, approve):
    first, second = (approve(shipped, (BOWL, 1), key=key) for key in ("one", "two"))
    support.receive(shipped, second, (BOWL, 1, True))

    acts = boto3.resource("dynamodb").Table("OrderStaffActs").scan()["Items"]
    (act,) = [act for act in acts if act["action"] == "receiveReturn"]
    assert second in act["changes"]
    assert first not in act["changes"]


# bad input


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": [{"productId": BOWL, "qty": 0, "restock": True}]}, "items[0].qty"),
        ({"items": [{"productId": BOWL, "qty": 1}]}, "items[0].restock"),
        ({"items": [{"productId": BOWL, "qty": 1, "restock": 1}]}, "items[0].restock"),
        (
            {"items": [{"productId": BOWL, "qty": 1, "restock": True}], "shipping": "yes"},
            "shipping",
        ),
    ],
)
def test_a_wrong_field_of_a_part_is_named(api, support, shipped, approved, body, field):
    path = f"/order/{shipped}/returns/{approved}/receive".replace("#", "%23")
    response = api.post(path, body, support.token, {"Idempotency-Key": "part"})

    assert error_of(response) == (400, "InvalidBody")
    assert response.json_body["Message"].startswith(f"{field}: ")
    assert (status(shipped), refunds(shipped)) == ("APPROVED", [])


def test_an_order_has_at_most_fifty_refunds(support, shipped, approved):
    refund = {"refundId": "REFUND#1", "items": [], "amountMinor": 0, "whole": False}
    known = {"restock": False, "requestedBy": STAFF, "requestHash": "", "requestedAt": "2025"}
    table("Orders").update_item(
        Key={"orderId": shipped},
        UpdateExpression="SET refunds = :refunds",
        ExpressionAttributeValues={":refunds": [{**refund, **known, "status": "DONE"}] * 50},
    )

    refused = support.receive(shipped, approved, (BOWL, 1, True))
    assert error_of(refused) == (409, "TooManyRefunds")
    assert status(shipped) == "APPROVED"
