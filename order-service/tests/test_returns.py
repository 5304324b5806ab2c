"""Customers ask to return shipped goods, and staff approve or reject that."""

from functools import partial

import boto3
import pytest
from order_actors import Support, error_of, run_concurrently
from order_factories import BOWL, SHAKE, row

from chalicelib.orders.models import Order
from common import clock
from common.roles import Role
from testkit.resources import table
from testkit.tokens import JIMMY, STAFF


@pytest.fixture
def requested(jimmy, shipped):
    """The id of the return of a bowl and a shake that Jimmy asked for."""
    return jimmy.ask_to_return(shipped, (BOWL, 1), (SHAKE, 1)).json_body["returnId"]


def days_ago(days):
    return clock.iso(clock.epoch() - days * 86400)


def date_shipment(order_id, index, **times):
    """Move when a shipment left or arrived."""
    order = Order.get(order_id)
    for name, time in times.items():
        setattr(order.shipments[index], name, time)
    order.save()


def returned(order_id):
    return row(order_id).get("returns", [])


def test_a_customer_asks_to_return_shipped_goods(jimmy, shipped):
    items = [
        {"productId": BOWL, "qty": 1, "reason": "DAMAGED"},
        {"productId": SHAKE, "qty": 2, "reason": "NO_LONGER_WANTED"},
    ]
    response = jimmy.post_return(shipped, {"items": items})

    assert response.status_code == 201
    assert response.json_body["returnId"].startswith("RET#")
    assert (response.json_body["status"], response.json_body["items"]) == ("REQUESTED", items)
    assert jimmy.get(shipped).json_body["returns"] == [response.json_body]


def test_a_piece_may_be_returned_for_another_reason(jimmy, shipped):
    lines = [(BOWL, "DAMAGED"), (BOWL, "OTHER"), (BOWL.removeprefix("PROD#"), "OTHER")]
    items = [{"productId": name, "qty": 1, "reason": reason} for name, reason in lines]

    refused = jimmy.post_return(shipped, {"items": items})
    assert error_of(refused) == (409, "ReturnTooLarge")
    taken = jimmy.post_return(shipped, {"items": items[:2]}).json_body["items"]
    assert [(one["qty"], one["reason"]) for one in taken] == [(1, "DAMAGED"), (1, "OTHER")]


def test_staff_ask_for_a_customer(support, shipped):
    assert support.ask_to_return(shipped, (BOWL, 1)).status_code == 201
    (stored,) = returned(shipped)
    assert stored["requestedBy"] == STAFF


def test_nobody_else_asks_to_return(api, tokens, amy, shipped):
    assert error_of(amy.ask_to_return(shipped, (BOWL, 1))) == (404, "OrderNotFound")
    finance = Support(api, tokens.staff(Role.FINANCE))
    assert error_of(finance.ask_to_return(shipped, (BOWL, 1))) == (403, "InsufficientScope")


def test_nothing_is_returned_of_what_was_not_shipped(jimmy, warehouse, paid, order):
    assert error_of(jimmy.ask_to_return(order, (BOWL, 1))) == (409, "NothingShipped")
    assert error_of(jimmy.ask_to_return(paid, (BOWL, 1))) == (409, "NothingShipped")

    warehouse.ship(paid, (BOWL, 1))
    assert error_of(jimmy.ask_to_return(paid, (SHAKE, 1))) == (409, "ReturnTooLarge")
    refused = jimmy.ask_to_return(paid, (BOWL, 2))
    assert error_of(refused) == (409, "ReturnTooLarge")
    assert f"{BOWL}: 2 named, 1 left to return" in refused.json_body["Message"]
    assert returned(paid) == []


def test_goods_that_a_return_holds_are_not_returned_again(jimmy, support, shipped):
    first = jimmy.ask_to_return(shipped, (BOWL, 2), key="one").json_body["returnId"]
    assert error_of(jimmy.ask_to_return(shipped, (BOWL, 1), key="two")) == (409, "ReturnTooLarge")

    support.reject(shipped, first)
    assert jimmy.ask_to_return(shipped, (BOWL, 2), key="two").status_code == 201


def test_what_is_not_shipped_yet_is_not_returned_for_what_was(jimmy, warehouse, paid):
    warehouse.ship(paid, (BOWL, 1))
    jimmy.ask_to_return(paid, (BOWL, 1), key="one")

    assert error_of(jimmy.ask_to_return(paid, (BOWL, 1), key="two")) == (409, "ReturnTooLarge")


def test_refunded_goods_are_not_returned(jimmy, admin, shipped):
    admin.refund(shipped, (BOWL, 1), key="broken")

    assert error_of(jimmy.ask_to_return(shipped, (BOWL, 2), key="two")) == (409, "ReturnTooLarge")
    assert jimmy.ask_to_return(shipped, (BOWL, 1), key="one").status_code == 201


def test_concurrent_returns_never_exceed_what_was_shipped(jimmy, shipped):
    asks = [partial(jimmy.ask_to_return, shipped, (BOWL, 1), key=str(each)) for each in range(4)]

    answers = run_concurrently(*asks)

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    assert len(returned(shipped)) == 2


def test_a_return_of_the_same_key_is_made_once(jimmy, shipped):
    first, again = (jimmy.ask_to_return(shipped, (BOWL, 2)) for _ in range(2))

    assert (again.status_code, again.json_body) == (201, first.json_body)
    other = jimmy.ask_to_return(shipped, (BOWL, 1))
    assert error_of(other) == (422, "IdempotencyKeyReused")
    assert error_of(jimmy.ask_to_return(shipped, (BOWL, 1), key=None)) == (
        400,
        "InvalidIdempotencyKey",
    )
    assert len(returned(shipped)) == 1


# the window


def test_goods_are_returned_within_thirty_days(jimmy, shipped):
    date_shipment(shipped, 0, shipped_at=days_ago(29))
    assert jimmy.ask_to_return(shipped, (BOWL, 1), key="one").status_code == 201

    date_shipment(shipped, 0, shipped_at=days_ago(31))
    late = jimmy.ask_to_return(shipped, (BOWL, 1), key="two")
    assert error_of(late) == (409, "ReturnWindowOver")
    assert f"{BOWL}: arrived more than 30 days ago" in late.json_body["Message"]


def test_the_window_begins_when_goods_arrive(jimmy, shipped):
    date_shipment(shipped, 0, shipped_at=days_ago(40), delivered_at=days_ago(29))

    assert jimmy.ask_to_return(shipped, (BOWL, 1)).status_code == 201


def test_each_parcel_has_its_own_window(jimmy, warehouse, paid):
    warehouse.ship(paid, (BOWL, 1), key="old")
    warehouse.ship(paid, (BOWL, 1), key="new")
    date_shipment(paid, 0, shipped_at=days_ago(31))

    assert error_of(jimmy.ask_to_return(paid, (BOWL, 2), key="2")) == (409, "ReturnWindowOver")
    assert jimmy.ask_to_return(paid, (BOWL, 1), key="1").status_code == 201
    assert error_of(jimmy.ask_to_return(paid, (BOWL, 1), key="3")) == (409, "ReturnWindowOver")


def test_a_return_takes_the_oldest_goods_of_its_time(jimmy, warehouse, paid):
    warehouse.ship(paid, (BOWL, 1), key="old")
    warehouse.ship(paid, (BOWL, 1), key="new")
    jimmy.ask_to_return(paid, (BOWL, 1), key="1")
    order = Order.get(paid)
    order.shipments[0].shipped_at = days_ago(31)
    order.returns[0].requested_at = days_ago(5)
    order.save()

    assert jimmy.ask_to_return(paid, (BOWL, 1), key="2").status_code == 201


def test_a_stage_sets_window_and_reasons(jimmy, shipped, monkeypatch):
    monkeypatch.setenv("RETURN_WINDOW_DAYS", "14")
    monkeypatch.setenv("RETURN_REASONS", "LEAKS TOO_SPICY")
    date_shipment(shipped, 0, shipped_at=days_ago(15))

    late = jimmy.ask_to_return(shipped, (BOWL, 1), reason="LEAKS")
    assert error_of(late) == (409, "ReturnWindowOver")
    wrong = jimmy.ask_to_return(shipped, (BOWL, 1), reason="DAMAGED")
    assert error_of(wrong) == (400, "InvalidBody")
    assert wrong.json_body["Message"] == ("items[0].reason: expected one of LEAKS, TOO_SPICY")


# lists


def list_of(staff, query):
    return [order["orderId"] for order in staff.list(f"?view=all&{query}").json_body]


def test_staff_find_returns_that_are_to_be_decided(jimmy, support, shipped, order):
    assert list_of(support, "returnStatus=REQUESTED") == []
    one = jimmy.ask_to_return(shipped, (BOWL, 1), key="one").json_body["returnId"]
    jimmy.ask_to_return(shipped, (BOWL, 1), key="two")
    support.approve(shipped, one)

    for status in ("REQUESTED", "APPROVED"):
        assert list_of(support, f"returnStatus={status}") == [shipped]
    assert list_of(support, "returnStatus=REQUESTED&fulfilmentStatus=FULFILLED") == [shipped]
    assert list_of(support, "returnStatus=REQUESTED&fulfilmentStatus=DELIVERED") == []
    assert list_of(support, "returnStatus=RECEIVED") == []


@pytest.mark.parametrize(
    "query",
    [
        "?returnStatus=REQUESTED",
        "?view=all&returnStatus=LOST",
        "?view=all&returnStatus=REQUESTED&email=jimmy@example.com",
    ],
)
def test_a_wrong_filter_by_returns_is_named(support, query):
    refused = support.list(query)

    assert error_of(refused) == (400, "InvalidQuery")
    assert refused.json_body["Message"].startswith("returnStatus: ")


# decisions


def test_staff_approve_a_return(jimmy, support, shipped, requested):
    note = "Please use the box it came in."
    approved = support.approve(shipped, requested, note=note)

    assert (approved.status_code, approved.json_body["status"]) == (200, "APPROVED")
    assert jimmy.get(shipped).json_body["returns"][0]["note"] == note
    again = support.approve(shipped, requested.removeprefix("RET#").lower(), note="Other")
    assert again.json_body == approved.json_body


def test_staff_reject_a_return(support, shipped, requested):
    rejected = support.reject(shipped, requested, note="It was worn.")

    assert (rejected.status_code, rejected.json_body["status"]) == (200, "REJECTED")
    assert support.reject(shipped, requested).json_body == rejected.json_body
    refused = support.approve(shipped, requested)
    assert error_of(refused) == (409, "ReturnStatusConflict")
    assert "REJECTED" in refused.json_body["Message"]


def test_an_approved_return_that_never_came_is_rejected(support, jimmy, shipped, requested):
    support.approve(shipped, requested)

    assert support.reject(shipped, requested).json_body["status"] == "REJECTED"
    assert jimmy.ask_to_return(shipped, (BOWL, 2), key="again").status_code == 201


def test_of_two_decisions_at_once_one_is_kept(support, shipped, requested):
    answers = run_concurrently(
        partial(support.approve, shipped, requested), partial(support.reject, shipped, requested)
    )

    assert {answer.status_code for answer in answers} <= {200, 409}
    assert returned(shipped)[0]["status"] == "REJECTED" or answers[1].status_code == 409


def test_a_customer_decides_on_no_return(api, tokens, jimmy, shipped, requested):
    holders = [jimmy.token, *(tokens.staff(role) for role in (Role.WAREHOUSE, Role.FINANCE))]
    for person in (Support(api, token) for token in holders):
        assert error_of(person.approve(shipped, requested)) == (403, "InsufficientScope")
        assert error_of(person.reject(shipped, requested)) == (403, "InsufficientScope")
    assert returned(shipped)[0]["status"] == "REQUESTED"


def test_what_does_not_exist_is_not_decided(support, shipped):
    assert error_of(support.approve(shipped, "RET#1")) == (404, "ReturnNotFound")
    assert error_of(support.reject("ORDER#1", "RET#1")) == (404, "OrderNotFound")


# events and acts


def test_each_step_of_a_return_is_published_once(jimmy, support, shipped, requested, announce, bus):
    support.approve(shipped, requested, note="Box it.")
    support.reject(shipped, requested, note="It never came.")
    announce()
    announce()

    for kind, note in (
        ("ReturnRequested", None),
        ("ReturnApproved", "Box it."),
        ("ReturnRejected", "It never came."),
    ):
        first, second = [event["detail"] for event in bus.events(kind)]
        assert first == second
        assert (first["orderId"], first["userId"], first["returnId"]) == (shipped, JIMMY, requested)
        assert first.get("note") == note
        assert first["items"] == [{"productId": BOWL, "qty": 1}, {"productId": SHAKE, "qty": 1}]


def test_a_decision_leaves_the_trace_of_who_decided(support, shipped, requested):
    table_of_acts = boto3.resource("dynamodb").Table("OrderStaffActs")
    support.approve(shipped, requested)
    support.approve(shipped, requested)

    acts = [act for act in table_of_acts.scan()["Items"] if act["action"] == "approveReturn"]
    assert [(act["userId"], act["scope"]) for act in acts] == [(STAFF, "returns:write")]
    assert "REQUESTED" in acts[0]["changes"]
    assert "APPROVED" in acts[0]["changes"]
    assert returned(shipped)[0]["decidedBy"] == STAFF


# bad input


@pytest.mark.parametrize(
    ("items", "field"),
    [
        (None, "items"),
        ([], "items"),
        ([{"productId": BOWL, "qty": 0, "reason": "OTHER"}], "items[0].qty"),
        ([{"productId": BOWL, "qty": 1}], "items[0].reason"),
        ([{"productId": BOWL, "qty": 1, "reason": "BORED"}], "items[0].reason"),
        ([{"productId": BOWL, "qty": 1, "reason": "OTHER"}] * 100, "items"),
    ],
)
def test_a_wrong_field_of_a_return_is_named(jimmy, shipped, items, field):
    response = jimmy.post_return(shipped, {"items": items})

    assert error_of(response) == (400, "InvalidBody")
    assert response.json_body["Message"].startswith(f"{field}: ")
    assert returned(shipped) == []


@pytest.mark.parametrize("note", ["x" * 501, "\0", 1])
def test_a_wrong_note_is_refused(support, shipped, requested, note):
    response = support.approve(shipped, requested, note=note)

    assert error_of(response) == (400, "InvalidBody")
    assert response.json_body["Message"].startswith("note: ")
    assert returned(shipped)[0]["status"] == "REQUESTED"


def test_an_order_has_at_most_twenty_returns(jimmy, support, shipped):
    rejected = jimmy.ask_to_return(shipped, (BOWL, 1), key="0").json_body["returnId"]
    support.reject(shipped, rejected)
    order = Order.get(shipped)
    order.returns = order.returns * 20
    order.save()

    assert error_of(jimmy.ask_to_return(shipped, (BOWL, 1), key="1")) == (409, "TooManyReturns")
    assert len(table("Orders").get_item(Key={"orderId": shipped})["Item"]["returns"]) == 20
