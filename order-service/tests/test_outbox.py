import pytest
from botocore.exceptions import EndpointConnectionError
from order_factories import BOWL, SHAKE, row

from common import aws, events, queues
from testkit.service_client import stream_record, stream_records
from testkit.tokens import JIMMY


@pytest.fixture
def announce(api):
    """Deliver records to announce-orders, by default those of the table's own stream."""
    return lambda records=None: api.stream("announce-orders", records or stream_records("Orders"))


def published(bus):
    return [(event["detail-type"], event["detail"]["orderId"]) for event in bus.events()]


def placed(order_id, **more):
    """An order's row as it is first stored."""
    return {
        "orderId": order_id,
        "userId": JIMMY,
        "status": "CREATED",
        "items": [
            {
                "productId": BOWL,
                "name": "Bowl",
                "qty": 2,
                "priceMinor": 1299,
                "lineTotalMinor": 2598,
            }
        ],
        "totalMinor": 2598,
        "currency": "USD",
        "correlationId": "click-1",
        "createdAt": "2025-10-13T14:10:00.000Z",
        "updatedAt": "2025-10-13T14:10:00.000Z",
        **more,
    }


def unreachable(**_):
    raise EndpointConnectionError(endpoint_url="https://events.us-east-1.amazonaws.com")


POISON = stream_record("Orders", None, {"orderId": "ORDER#bad", "status": "CREATED"})


def test_a_new_order_is_published_with_all_its_checkout_needs(jimmy, announce, bus):
    created = jimmy.order((BOWL, 2), (SHAKE, 1)).json_body

    announce()

    (event,) = bus.events()
    assert (event["source"], event["detail-type"]) == ("commerce.orders", "OrderCreated")
    detail = event["detail"]
    assert detail["orderId"] == created["orderId"]
    assert detail["userId"] == JIMMY
    assert detail["items"] == [{"productId": BOWL, "qty": 2}, {"productId": SHAKE, "qty": 1}]
    assert (detail["totalAmount"], detail["currency"]) == (29.48, "USD")
    assert detail["correlationId"] == row(created["orderId"])["correlationId"]
    assert detail["occurredAt"] == created["createdAt"]
    assert events.parse(events.OrderCreated, event).event_id.startswith("EVT#")


def test_an_order_carries_its_requests_correlation_id(api, tokens, catalogue, announce, bus):
    lines = {"cartItems": [{"productId": BOWL, "qty": 1}]}

    api.post("/order", lines, tokens.customer(), {"X-Correlation-Id": "click-7"})
    announce()

    assert bus.events()[0]["detail"]["correlationId"] == "click-7"


def test_a_cancelled_order_is_published_once(jimmy, order, announce, bus):
    jimmy.cancel(order)
    jimmy.cancel(order)

    announce()

    assert published(bus) == [("OrderCreated", order), ("OrderCancelled", order)]
    assert bus.events("OrderCancelled")[0]["detail"]["userId"] == JIMMY


def test_a_repeat_publishes_the_same_event(order, announce, bus):
    announce()
    announce()

    first, again = bus.events()
    assert first["detail"] == again["detail"]


def test_creation_and_cancellation_are_two_events(jimmy, order, announce, bus):
    jimmy.cancel(order)
    announce()

    assert len({event["detail"]["eventId"] for event in bus.events()}) == 2


def test_records_out_of_order_are_published_all_the_same(jimmy, order, announce, bus):
    jimmy.cancel(order)
    other = jimmy.order((BOWL, 1)).json_body["orderId"]

    announce(stream_records("Orders")[::-1])

    assert published(bus) == [
        ("OrderCreated", other),
        ("OrderCancelled", order),
        ("OrderCreated", order),
    ]


def test_changes_by_the_saga_publish_nothing_here(api, jimmy, order, announce, bus):
    failed = jimmy.order((BOWL, 1)).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#1"})
    api.invoke("fail-order", {"orderId": failed, "reason": "x"})
    api.invoke("fail-order", {"orderId": "ORDER#never-stored", "userId": JIMMY, "reason": "x"})

    announce()

    assert published(bus) == [("OrderCreated", order), ("OrderCreated", failed)]


def test_each_refund_is_published_once_with_its_amount(admin, paid, announce, bus):
    first = admin.refund(paid, (BOWL, 1), key="one").json_body
    second = admin.refund(paid, restock=False).json_body
    admin.refund(paid, (BOWL, 1), key="one")

    announce()

    details = [event["detail"] for event in bus.events("RefundRequested")]
    assert [detail["refundId"] for detail in details] == [first["refundId"], second["refundId"]]
    assert [(detail["amount"], detail["currency"], detail["restock"]) for detail in details] == [
        (12.99, "USD", True),
        (23.49, "USD", False),
    ]
    assert details[0]["items"] == [{"productId": BOWL, "qty": 1}]
    assert details[1]["items"] == [{"productId": BOWL, "qty": 1}, {"productId": SHAKE, "qty": 3}]
    assert {detail["userId"] for detail in details} == {JIMMY}
    assert {detail["correlationId"] for detail in details} == {row(paid)["correlationId"]}


def test_a_republished_refund_is_the_same_event_two_refunds_are_two(admin, paid, announce, bus):
    admin.refund(paid, (BOWL, 1), key="one")
    admin.refund(paid, (BOWL, 1), key="two")
    announce()
    announce()

    details = [event["detail"] for event in bus.events("RefundRequested")]
    assert details[:2] == details[2:]
    assert details[0]["eventId"] != details[1]["eventId"]


def test_a_completed_refund_is_not_published_again(admin, paid, complete_refunds, announce, bus):
    complete_refunds(admin.refund(paid))

    announce()

    assert [kind for kind, _ in published(bus)] == ["OrderCreated", "RefundRequested"]


def test_a_change_of_other_fields_publishes_nothing(announce, bus):
    cancelled = placed("ORDER#1", status="CANCELLED")
    announce(
        [
            stream_record("Orders", placed("ORDER#1"), placed("ORDER#1", method="UPI")),
            stream_record("Orders", cancelled, {**cancelled, "note": "x"}),
            stream_record("Orders", placed("ORDER#1"), None),
        ]
    )

    assert bus.events() == []


def test_a_poison_record_is_parked_and_the_rest_is_published(announce, bus, queue):
    announce(
        [
            stream_record("Orders", None, placed("ORDER#1")),
            POISON,
            stream_record("Orders", None, placed("ORDER#2")),
        ]
    )

    assert published(bus) == [("OrderCreated", "ORDER#1"), ("OrderCreated", "ORDER#2")]
    assert [record["eventID"] for record in queue("announce-orders-queue")] == [POISON["eventID"]]


def test_a_parked_record_is_published_later(api, order, announce, bus, queue, monkeypatch):
    client = aws.client("events")
    real = client.put_events
    monkeypatch.setattr(client, "put_events", unreachable)
    announce()
    assert bus.events() == []
    (parked,) = queue("announce-orders-queue")
    monkeypatch.setattr(client, "put_events", real)

    api.sqs("on-parked-order", [parked])

    assert published(bus) == [("OrderCreated", order)]


def test_a_parked_poison_record_does_not_block_others(api, bus, queue):
    good = stream_record("Orders", None, placed("ORDER#1"))

    with pytest.raises(queues.BatchPartlyFailed):
        api.sqs("on-parked-order", [POISON, good], queue="announce-orders-queue")

    assert published(bus) == [("OrderCreated", "ORDER#1")]
    assert [record["eventID"] for record in queue("announce-orders-queue")] == [POISON["eventID"]]
