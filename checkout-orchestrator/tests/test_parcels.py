"""Customers are mailed what was shipped, delivered and returned of their orders."""

from decimal import Decimal

import pytest
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses import ses_backends
from tests.checkout_shop import BOWL, ORDER

from common import events, ids, queues
from testkit.tokens import JIMMY

SHIPMENT = "SHIP#01K7PARCEL"
RETURN = "RET#01K7RETURN"
NUMBER = "251013-1GMCP-0GYYQ"


def mails():
    sent = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
    return [
        (message.destinations["ToAddresses"][0], message.subject, message.body) for message in sent
    ]


def parcel(kind=events.OrderShipped, shipment_id=SHIPMENT, **more):
    details = {"carrier": "DHL"} if kind is events.OrderShipped else {}
    event = events.create(
        kind,
        order_id=ORDER,
        event_id=ids.deterministic("EVT", kind.detail_type, shipment_id),
        user_id=JIMMY,
        shipment_id=shipment_id,
        items=[events.Line(BOWL, 2)],
        **{**details, **more},
    )
    return events.to_message(event)


def returned(kind, **more):
    event = events.create(
        kind,
        order_id=ORDER,
        event_id=ids.deterministic("EVT", kind.detail_type, RETURN),
        user_id=JIMMY,
        return_id=RETURN,
        items=[events.Line(BOWL, 2)],
        **more,
    )
    return events.to_message(event)


@pytest.fixture
def deliver(shop):
    """Deliver events to the queue of parcels."""
    shop.add_order(status="CONFIRMED", orderNumber=NUMBER)
    return lambda *messages: shop.api.sqs("on-order-shipped", list(messages), "order-shipped-queue")


def test_a_customer_is_mailed_what_is_on_its_way(deliver):
    url = "https://dhl.example/JD014"
    deliver(parcel(tracking_number="JD014", tracking_url=url))

    ((to, subject, text),) = mails()
    assert (to, subject) == ("jimmy@example.com", f"Your order {NUMBER} is on its way")
    for part in ("2 x Protein Bowl", "Carrier: DHL", "Tracking number: JD014", url):
        assert part in text
    assert f"https://shop.example/orders/{ids.suffix(ORDER)}" in text


def test_a_parcel_without_tracking_names_its_carrier(deliver):
    deliver(parcel())

    ((_, _, text),) = mails()
    assert "Carrier: DHL" in text
    assert "Tracking number" not in text


def test_a_customer_is_mailed_what_was_delivered(deliver):
    deliver(parcel(events.OrderDelivered))

    ((_, subject, text),) = mails()
    assert subject == f"Your order {NUMBER} was delivered"
    assert "2 x Protein Bowl" in text
    assert f"https://shop.example/orders/{ids.suffix(ORDER)}" in text


def readdressed(at="2025-10-13T15:00:00.000Z"):
    event = events.create(
        events.OrderAddressChanged,
        order_id=ORDER,
        event_id=ids.deterministic("EVT", "OrderAddressChanged", at),
        user_id=JIMMY,
        occurred_at=at,
    )
    return events.to_message(event)


def test_a_customer_is_mailed_that_an_order_goes_elsewhere(deliver):
    deliver(readdressed(), readdressed())

    ((to, subject, text),) = mails()
    assert (to, subject) == ("jimmy@example.com", f"Your order {NUMBER} goes to another address")
    assert "change your password" in text
    assert f"https://shop.example/orders/{ids.suffix(ORDER)}" in text


def test_two_changes_of_an_address_are_two_mails(deliver):
    deliver(readdressed(), readdressed("2025-10-13T16:00:00.000Z"))

    assert len(mails()) == 2


@pytest.mark.parametrize(
    ("kind", "subject", "words"),
    [
        (events.ReturnRequested, f"Your return of order {NUMBER}", "keep them until"),
        (events.ReturnApproved, f"Please send back goods of order {NUMBER}", "send back"),
        (events.ReturnRejected, f"Your return of order {NUMBER} is not accepted", "cannot"),
    ],
)
def test_a_customer_is_mailed_each_step_of_a_return(deliver, kind, subject, words):
    deliver(returned(kind))
    deliver(returned(kind))

    ((to, sent, text),) = mails()
    assert (to, sent) == ("jimmy@example.com", subject)
    for part in (words, "2 x Protein Bowl", f"https://shop.example/orders/{ids.suffix(ORDER)}"):
        assert part in text


def test_a_customer_is_mailed_what_came_back_and_is_refunded(deliver):
    more = {"refund_id": "REFUND#1", "amount": Decimal("25.98"), "currency": "USD"}
    deliver(*[returned(events.ReturnReceived, **more)] * 2)
    deliver(returned(events.ReturnReceived, **{**more, "refund_id": "REFUND#2"}))

    (_, subject, text), _ = mails()
    assert subject == f"We received goods of order {NUMBER} back"
    assert "2 x Protein Bowl" in text
    assert "25.98 USD" in text


@pytest.mark.parametrize("kind", [events.ReturnApproved, events.ReturnRejected])
def test_the_note_of_who_decided_is_in_the_mail(deliver, kind):
    deliver(returned(kind, note="Use the box. {number} <b>"))

    ((_, _, text),) = mails()
    assert "Use the box. {number}" in text


def test_an_event_that_comes_twice_is_one_mail(deliver):
    deliver(parcel(), parcel())
    deliver(parcel())

    assert len(mails()) == 1


def test_two_equal_parcels_are_two_mails(deliver):
    deliver(parcel(), parcel(shipment_id="SHIP#2"))

    assert len(mails()) == 2


def test_a_mail_says_the_id_where_an_order_has_no_number(shop):
    shop.add_order(status="CONFIRMED")
    shop.api.sqs("on-order-shipped", [parcel()])

    ((_, subject, _),) = mails()
    assert subject == f"Your order {ids.suffix(ORDER)} is on its way"


def test_a_deleted_account_is_mailed_nothing(shop, deliver):
    shop.delete_customer(JIMMY)
    deliver(parcel())

    assert mails() == []


def test_an_event_that_is_not_understood_stays_in_the_queue(deliver):
    with pytest.raises(queues.BatchPartlyFailed):
        deliver({"detail-type": "OrderEaten", "detail": {}}, parcel())
    assert len(mails()) == 1
