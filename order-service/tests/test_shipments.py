"""Paid orders are shipped in parts, tracked, and delivered."""

from functools import partial

import boto3
import pytest
from order_actors import Warehouse, error_of, run_concurrently
from order_factories import BOWL, SHAKE, row

from chalicelib.orders.models import Order
from common.roles import Role
from testkit.resources import table
from testkit.tokens import STAFF

PARCEL = {"carrier": "DHL", "trackingNumber": "JD014", "trackingUrl": "https://dhl.example/JD014"}


def fulfilment(order_id):
    stored = row(order_id)
    return stored["fulfilmentStatus"], stored.get("toFulfil", "").partition("#")[0]


def test_a_paid_order_is_shipped_whole_and_delivered(jimmy, warehouse, paid):
    shipped = warehouse.ship(paid, **PARCEL)

    assert shipped.status_code == 201
    seen = jimmy.get(paid).json_body
    assert seen["fulfilmentStatus"] == "FULFILLED"
    assert seen["shipments"] == [shipped.json_body]
    assert {name: shipped.json_body[name] for name in PARCEL} == PARCEL
    assert shipped.json_body["items"] == [
        {"productId": BOWL, "qty": 2},
        {"productId": SHAKE, "qty": 3},
    ]

    delivered = warehouse.deliver(paid, shipped.json_body["shipmentId"])
    assert (delivered.status_code, delivered.json_body["status"]) == (200, "DELIVERED")
    assert jimmy.get(paid).json_body["fulfilmentStatus"] == "DELIVERED"
    assert fulfilment(paid) == ("DELIVERED", "DELIVERED")


def test_an_order_is_shipped_in_parts(jimmy, warehouse, paid):
    assert jimmy.get(paid).json_body["fulfilmentStatus"] == "UNFULFILLED"
    first = warehouse.ship(paid, (BOWL, 1), (SHAKE, 1), key="one").json_body["shipmentId"]
    assert fulfilment(paid) == ("PARTLY_FULFILLED", "PARTLY_FULFILLED")

    warehouse.deliver(paid, first)
    assert fulfilment(paid) == ("PARTLY_FULFILLED", "PARTLY_FULFILLED")

    second = warehouse.ship(paid, key="two").json_body
    assert second["items"] == [{"productId": BOWL, "qty": 1}, {"productId": SHAKE, "qty": 2}]
    assert fulfilment(paid) == ("FULFILLED", "FULFILLED")
    warehouse.deliver(paid, second["shipmentId"])
    assert fulfilment(paid) == ("DELIVERED", "DELIVERED")


def test_no_more_is_shipped_than_was_ordered(warehouse, paid):
    warehouse.ship(paid, (BOWL, 1), key="one")

    refused = warehouse.ship(paid, (BOWL, 2), key="two")
    assert error_of(refused) == (409, "ShipmentTooLarge")
    assert f"{BOWL}: 2 named, 1 left" in refused.json_body["Message"]
    assert error_of(warehouse.ship(paid, ("PROD#9", 1), key="3")) == (409, "ShipmentTooLarge")
    split = warehouse.ship(paid, (BOWL, 1), (BOWL, 1), key="4")
    assert error_of(split) == (409, "ShipmentTooLarge")
    assert len(row(paid)["shipments"]) == 1


def test_goods_of_a_refund_are_not_shipped(admin, warehouse, paid):
    admin.refund(paid, (BOWL, 1), key="one")

    assert error_of(warehouse.ship(paid, (BOWL, 2), key="two")) == (409, "ShipmentTooLarge")
    assert warehouse.ship(paid, key="rest").json_body["items"] == [
        {"productId": BOWL, "qty": 1},
        {"productId": SHAKE, "qty": 3},
    ]


def test_a_refund_of_the_rest_leaves_nothing_to_ship(admin, warehouse, paid, complete_refunds):
    shipped = warehouse.ship(paid, (BOWL, 2), key="one").json_body["shipmentId"]
    complete_refunds(admin.refund(paid, (SHAKE, 3), key="rest"))

    assert fulfilment(paid) == ("FULFILLED", "FULFILLED")
    assert error_of(warehouse.ship(paid, key="two")) == (409, "NothingToShip")
    warehouse.deliver(paid, shipped)
    assert fulfilment(paid) == ("DELIVERED", "DELIVERED")


def test_a_parcel_of_an_order_that_was_refunded_since_is_delivered(
    admin, warehouse, paid, complete_refunds
):
    shipped = warehouse.ship(paid).json_body["shipmentId"]
    complete_refunds(admin.refund(paid))

    assert warehouse.deliver(paid, shipped).status_code == 200
    assert (row(paid)["status"], *fulfilment(paid)) == ("REFUNDED", "DELIVERED", "DELIVERED")


def test_a_shipment_of_the_same_key_is_made_once(warehouse, paid):
    first, again = warehouse.ship(paid, (BOWL, 1)), warehouse.ship(paid, (BOWL, 1))

    assert (again.status_code, again.json_body) == (201, first.json_body)
    other = warehouse.ship(paid, (BOWL, 2))
    assert error_of(other) == (422, "IdempotencyKeyReused")
    assert len(row(paid)["shipments"]) == 1


def test_a_repeat_of_the_last_shipment_gets_its_answer(jimmy, warehouse, paid):
    first = warehouse.ship(paid)

    assert warehouse.ship(paid).json_body == first.json_body


def test_a_shipment_needs_a_key(warehouse, paid):
    assert error_of(warehouse.ship(paid, key=None)) == (400, "InvalidIdempotencyKey")


def test_concurrent_shipments_never_exceed_the_order(warehouse, paid):
    ships = [partial(warehouse.ship, paid, (BOWL, 1), key=str(number)) for number in range(4)]

    answers = run_concurrently(*ships)

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409]
    assert [int(one["items"][0]["qty"]) for one in row(paid)["shipments"]] == [1, 1]


def test_a_delivery_is_noted_once(warehouse, paid):
    shipped = warehouse.ship(paid).json_body["shipmentId"]

    first, again = warehouse.deliver(paid, shipped), warehouse.deliver(paid, shipped)
    assert first.json_body == again.json_body
    bare = shipped.removeprefix("SHIP#").lower()
    assert warehouse.deliver(paid, bare).json_body == first.json_body


def test_what_does_not_exist_is_not_delivered(warehouse, paid):
    assert error_of(warehouse.deliver(paid, "SHIP#1")) == (404, "ShipmentNotFound")
    assert error_of(warehouse.deliver("ORDER#1", "SHIP#1")) == (404, "OrderNotFound")
    assert error_of(warehouse.ship("ORDER#1")) == (404, "OrderNotFound")


# cancellations


def test_an_unpaid_order_is_not_shipped(warehouse, order):
    assert error_of(warehouse.ship(order)) == (409, "OrderNotShippable")
    assert "shipments" not in row(order)


def test_a_cancelled_order_is_not_shipped(jimmy, warehouse, paid):
    jimmy.cancel(paid)

    assert error_of(warehouse.ship(paid)) == (409, "OrderNotShippable")
    assert "shipments" not in row(paid)


def test_an_order_of_which_a_part_was_shipped_is_not_cancelled(jimmy, warehouse, paid):
    warehouse.ship(paid, (BOWL, 1))

    refused = jimmy.cancel(paid)
    assert error_of(refused) == (409, "OrderAlreadyShipped")
    assert "PARTLY_FULFILLED" in refused.json_body["Message"]
    assert "refunds" not in row(paid)


def test_of_a_cancellation_and_a_shipment_at_once_one_succeeds(jimmy, warehouse, paid):
    answers = run_concurrently(partial(jimmy.cancel, paid), partial(warehouse.ship, paid))

    assert sorted(answer.status_code for answer in answers) in ([200, 409], [201, 409])
    stored = row(paid)
    assert (stored["status"] == "CANCELLING") != bool(stored.get("shipments"))


def test_a_cancellation_that_overtakes_a_shipment_wins(warehouse, paid, monkeypatch):
    """It is stored between this request's read and write, without a new version."""
    read = Order.get

    def overtake(*args, **kwargs):
        order = read(*args, **kwargs)
        table("Orders").update_item(
            Key={"orderId": paid},
            UpdateExpression="SET #status = :status",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":status": "CANCELLING"},
        )
        return order

    monkeypatch.setattr(Order, "get", overtake)

    assert error_of(warehouse.ship(paid)) == (409, "OrderNotShippable")
    assert "shipments" not in row(paid)


def test_an_order_paid_before_there_were_shipments_is_shipped(warehouse, paid):
    table("Orders").update_item(
        Key={"orderId": paid}, UpdateExpression="REMOVE fulfilmentStatus, toFulfil"
    )

    assert warehouse.ship(paid, (BOWL, 1)).status_code == 201
    assert fulfilment(paid) == ("PARTLY_FULFILLED", "PARTLY_FULFILLED")


# events and acts


def test_each_shipment_and_delivery_is_published_once(warehouse, paid, announce, bus):
    first = warehouse.ship(paid, (BOWL, 2), key="one", **PARCEL).json_body
    second = warehouse.ship(paid, key="two").json_body["shipmentId"]
    warehouse.deliver(paid, first["shipmentId"])
    announce()

    shipped = [event["detail"] for event in bus.events("OrderShipped")]
    assert [one["shipmentId"] for one in shipped] == [first["shipmentId"], second]
    assert {name: shipped[0][name] for name in PARCEL} == PARCEL
    assert shipped[0]["items"] == [{"productId": BOWL, "qty": 2}]
    assert shipped[0]["occurredAt"] == first["shippedAt"]
    (delivered,) = [event["detail"] for event in bus.events("OrderDelivered")]
    assert (delivered["orderId"], delivered["shipmentId"]) == (paid, first["shipmentId"])

    announce()
    assert len({event["detail"]["eventId"] for event in bus.events("OrderShipped")}) == 2
    assert len({event["detail"]["eventId"] for event in bus.events("OrderDelivered")}) == 1


def test_a_shipment_leaves_the_trace_of_who_shipped(warehouse, paid):
    warehouse.ship(paid)
    warehouse.ship(paid)

    (act,) = boto3.resource("dynamodb").Table("OrderStaffActs").scan()["Items"]
    assert (act["userId"], act["scope"], act["action"]) == (STAFF, "shipments:write", "shipOrder")
    assert "FULFILLED" in act["changes"]
    assert row(paid)["shipments"][0]["shippedBy"] == STAFF


def test_only_the_warehouse_ships(api, tokens, jimmy, paid):
    tokens_of_others = [jimmy.token, *(tokens.staff(role) for role in (Role.SUPPORT, Role.FINANCE))]
    for token in tokens_of_others:
        person = Warehouse(api, token)
        assert error_of(person.ship(paid)) == (403, "InsufficientScope")
        assert error_of(person.deliver(paid, "SHIP#1")) == (403, "InsufficientScope")
    assert Warehouse(api, tokens.admin()).ship(paid).status_code == 201


# bad input


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("carrier", None),
        ("carrier", ""),
        ("carrier", "x" * 101),
        ("carrier", "D\0HL"),
        ("trackingNumber", "x" * 101),
        ("trackingNumber", ""),
        ("trackingUrl", "http://dhl.example/1"),
        ("trackingUrl", "javascript:alert(1)"),
        ("trackingUrl", "https://dhl.example/" + "x" * 500),
        ("trackingUrl", "https://dhl.example/a b"),
        ("trackingUrl", "https://user@evil.example/"),
        ("items", []),
        ("items", [{"productId": BOWL, "qty": 0}]),
        ("items", [{"productId": BOWL, "qty": 1}] * 100),
    ],
)
def test_a_wrong_field_of_a_shipment_is_named(warehouse, paid, field, value):
    response = warehouse.ship(paid, **{field: value})

    assert error_of(response) == (400, "InvalidBody")
    assert response.json_body["Message"].startswith(field)
    assert "shipments" not in row(paid)


def test_an_order_has_at_most_fifty_shipments(api, jimmy, warehouse):
    big = jimmy.order((BOWL, 50), paymentMethod="pm_card_visa").json_body["orderId"]
    api.invoke("create-order-record", {"orderId": big, "paymentId": "PAY#1"})
    order = Order.get(big)
    one = warehouse.ship(big, (BOWL, 1), key="0")
    assert one.status_code == 201
    order = Order.get(big)
    order.shipments = order.shipments * 50
    order.save()

    assert error_of(warehouse.ship(big, (BOWL, 1), key="51")) == (409, "TooManyShipments")
