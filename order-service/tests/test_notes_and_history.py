"""What happened to an order, and what staff note about it."""

from itertools import pairwise
from urllib.parse import quote

import pytest
from order_actors import Customer, error_of, run_concurrently
from order_factories import BOWL, row
from price_factories import ADDRESS, PARCEL_US

from common.roles import Role
from testkit.events import Bus
from testkit.service_client import stream_records
from testkit.tokens import JIMMY, STAFF

SECRET = "Asked for a discount, rude"


class Reader(Customer):
    """A person who reads what happened, and writes notes."""

    def history(self, order_id):
        return self.api.get(f"/order/{quote(order_id, safe='')}/history", self.token)

    def kinds(self, order_id):
        return [entry["kind"] for entry in self.history(order_id).json_body]

    def note(self, order_id, text=SECRET, key="one"):
        path = f"/order/{quote(order_id, safe='')}/notes"
        headers = {"Idempotency-Key": key} if key else None
        return self.api.post(path, {"text": text}, self.token, headers)

    def post(self, order_id, what, body=None, key=None):
        headers = {"Idempotency-Key": key} if key else None
        path = f"/order/{quote(order_id, safe='')}/{what}"
        return self.api.post(path, body, self.token, headers)


@pytest.fixture
def jimmy(api, tokens, catalogue):
    return Reader(api, tokens.customer(JIMMY))


@pytest.fixture
def support(api, tokens, catalogue):
    return Reader(api, tokens.staff(Role.SUPPORT))


@pytest.fixture
def warehouse(api, tokens, catalogue):
    return Reader(api, tokens.staff(Role.WAREHOUSE, "USER#01WAREHOUSE"))


@pytest.fixture
def finance(api, tokens, catalogue):
    return Reader(api, tokens.staff(Role.FINANCE, "USER#01FINANCE"))


def test_staff_read_what_staff_noted(support, warehouse, order):
    noted = support.note(order)

    assert noted.status_code == 201
    assert noted.json_body.keys() == {"noteId", "text", "writtenAt", "writtenBy"}
    assert (noted.json_body["text"], noted.json_body["writtenBy"]) == (SECRET, STAFF)
    (entry,) = [one for one in warehouse.history(order).json_body if one["kind"] == "NOTE"]
    assert (entry["text"], entry["userId"], entry["actor"]) == (SECRET, STAFF, "SHOP")
    assert entry["subjectId"] == noted.json_body["noteId"]


def test_a_customer_never_sees_a_note(jimmy, support, order):
    before = jimmy.get(order).json_body
    support.note(order)

    assert jimmy.get(order).json_body == before  # updatedAt, too
    for answer in (jimmy.get(order), jimmy.list(), jimmy.history(order), jimmy.cancel(order)):
        assert answer.status_code == 200
        assert SECRET not in answer.body.decode()
        assert "NOTE" not in answer.body.decode()


def test_a_customer_writes_no_note(jimmy, finance, order):
    for writer in (jimmy, finance):
        assert error_of(writer.note(order)) == (403, "InsufficientScope")
    assert "notes" not in row(order)


def test_a_note_of_the_same_key_is_written_once(support, order):
    first = support.note(order)

    assert support.note(order).json_body == first.json_body
    assert error_of(support.note(order, "Another text")) == (422, "IdempotencyKeyReused")
    assert len(row(order)["notes"]) == 1
    assert error_of(support.note(order, key=None)) == (400, "InvalidIdempotencyKey")


@pytest.mark.parametrize("text", ["", " \n ", "a" * 501, "forged\x07line", 5])
def test_a_note_is_a_short_text(support, order, text):
    refused = support.note(order, text)

    assert error_of(refused) == (400, "InvalidBody")
    assert refused.json_body["Message"].startswith("text: ")


def test_an_order_has_at_most_fifty_notes(support, order):
    for number in range(50):
        assert support.note(order, key=str(number)).status_code == 201

    assert error_of(support.note(order, key="more")) == (409, "TooManyNotes")
    assert support.note(order, key="0").status_code == 201


def test_of_two_notes_at_once_none_is_lost(support, order):
    writers = [lambda key=key: support.note(order, key=key) for key in "ab"]

    assert [answer.status_code for answer in run_concurrently(*writers)] == [201, 201]
    assert len(row(order)["notes"]) == 2


def test_a_note_about_no_order_is_refused(support):
    assert error_of(support.note("ORDER#01NONE")) == (404, "OrderNotFound")


def test_the_log_of_events_does_not_hold_notes(api, bus: Bus, support, order):
    support.note(order)

    api.stream("announce-staff-acts", stream_records("OrderStaffActs"))
    (event,) = bus.events("StaffActed")
    assert (event["detail"]["action"], event["detail"]["userId"]) == ("addNote", STAFF)
    assert SECRET not in str(event)


def test_an_order_that_was_shipped_and_refunded_has_its_history(
    jimmy, warehouse, finance, paid, complete_refunds
):
    shipped = warehouse.post(paid, "shipments", {"carrier": "DHL"}, "parcel").json_body
    warehouse.post(paid, f"shipments/{quote(shipped['shipmentId'], safe='')}/deliver")
    refund = {"items": [{"productId": BOWL, "qty": 1}], "reason": "It leaks"}
    refunded = finance.post(paid, "refund", refund, "bowl")
    complete_refunds(refunded)

    entries = jimmy.history(paid).json_body

    assert [
        (entry["kind"], entry["actor"]) for entry in entries if entry["kind"] != "REFUNDED"
    ] == [
        ("PLACED", "CUSTOMER"),
        ("CONFIRMED", "SHOP"),
        ("SHIPPED", "SHOP"),
        ("DELIVERED", "SHOP"),
        ("REFUND_REQUESTED", "SHOP"),
    ]
    by_kind = {entry["kind"]: entry for entry in entries}
    assert by_kind["PLACED"]["amount"] == 36.48
    assert by_kind["CONFIRMED"]["subjectId"] == "PAY#2001"
    assert by_kind["SHIPPED"]["items"] == shipped["items"]
    assert by_kind["DELIVERED"]["subjectId"] == shipped["shipmentId"]
    for kind in ("REFUND_REQUESTED", "REFUNDED"):
        assert (by_kind[kind]["amount"], by_kind[kind]["text"]) == (12.99, "It leaks")
    assert all(one["at"] <= two["at"] for one, two in pairwise(entries))


def test_staff_see_who_acted_and_customers_do_not(jimmy, warehouse, paid):
    warehouse.post(paid, "shipments", {"carrier": "DHL"}, "parcel")

    seen = {entry["kind"]: entry for entry in warehouse.history(paid).json_body}
    assert (seen["SHIPPED"]["userId"], seen["PLACED"]["userId"]) == ("USER#01WAREHOUSE", JIMMY)
    assert all("userId" not in entry for entry in jimmy.history(paid).json_body)


def test_a_changed_address_is_in_the_history(api, jimmy, support, staff):
    staff.create("/shipping-methods", PARCEL_US)
    order = jimmy.order((BOWL, 1), shippingAddress=ADDRESS).json_body["orderId"]
    moved = {"shippingAddress": {**ADDRESS, "line1": "2 Market Street"}}
    api.patch(f"/order/{quote(order, safe='')}/shipping-address", moved, jimmy.token)

    _, change = support.history(order).json_body
    assert (change["kind"], change["actor"]) == ("ADDRESS_CHANGED", "CUSTOMER")
    assert change["addressBefore"]["line1"] == "1 Market Street"
    assert "addressBefore" not in jimmy.history(order).json_body[1]


def test_who_cancelled_a_paid_order_is_in_its_history(jimmy, support, confirmed):
    support.cancel(confirmed)

    assert sorted(jimmy.kinds(confirmed)) == [
        "CANCELLED", "CONFIRMED", "PLACED", "REFUND_REQUESTED"
    ]  # fmt: skip
    (end,) = [one for one in support.history(confirmed).json_body if one["kind"] == "CANCELLED"]
    assert (end["userId"], end["actor"]) == (STAFF, "SHOP")


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "CANCELLED"])
def test_the_end_of_an_unpaid_order_is_in_its_history(api, jimmy, order, status):
    api.invoke("fail-order", {"orderId": order, "reason": "card declined", "status": status})

    placed, end = jimmy.history(order).json_body
    assert (placed["kind"], end["kind"], end["text"]) == ("PLACED", status, "card declined")


def test_another_customer_reads_no_history(api, amy, order):
    answer = api.get(f"/order/{quote(order, safe='')}/history", amy.token)

    assert error_of(answer) == (404, "OrderNotFound")


def test_each_step_of_a_return_is_in_the_history(jimmy, support, warehouse, paid):
    bowl = {"productId": BOWL, "qty": 1}
    warehouse.post(paid, "shipments", {"carrier": "DHL"}, "parcel")
    asked = jimmy.post(paid, "returns", {"items": [{**bowl, "reason": "DAMAGED"}]}, "return")
    step = f"returns/{quote(asked.json_body['returnId'], safe='')}"
    support.post(paid, f"{step}/approve", {"note": "Use the box."})
    support.post(paid, f"{step}/receive", {"items": [{**bowl, "restock": True}]}, "part")

    entries = [one for one in jimmy.history(paid).json_body if one["kind"].startswith("RETURN")]
    assert [(one["kind"], one["actor"]) for one in entries] == [
        ("RETURN_REQUESTED", "CUSTOMER"),
        ("RETURN_APPROVED", "SHOP"),
        ("RETURN_RECEIVED", "SHOP"),
    ]
    assert {one["subjectId"] for one in entries} == {asked.json_body["returnId"]}
    assert all(one["items"] == [bowl] for one in entries)
    assert entries[1]["text"] == "Use the box."
