"""What is wrong and can be mended without harm is mended by those who do it every day; the rest is put before a person."""

import pytest
from tests.ledger import OTHER
from tests.shop import BOWL, JIMMY, ORDER, PAYMENT

from common import queues


def test_money_of_an_order_that_ended_goes_back_once(books):
    books.ordered()
    books.shop.charge()
    books.becomes("FAILED", reason="OutOfStock")
    books.told("ORDER_FAILED")

    assert books.check(repair=True) == [("PaidButNotConfirmed", "repaired")]
    assert books.check(repair=True) == [("PaidButNotConfirmed", "repaired")]

    first, second = books.waiting("payment-retry-queue")
    assert (first["action"], first["orderId"]) == ("refund", ORDER)
    books.shop.api.sqs("on-payment-retry", [first])
    books.shop.api.sqs("on-payment-retry", [second])
    assert books.shop.charged() == (2598, 2598)
    assert books.check() == []


def test_an_open_payment_of_an_order_that_ended_is_given_up(books):
    books.ordered()
    books.shop.charge(payment_method="pm_card_threeDSecure2Required")
    books.becomes("EXPIRED")
    books.told("ORDER_FAILED")

    assert books.check(repair=True) == [("PaymentStuck", "repaired")]

    books.shop.works_off("payment-retry-queue", "on-payment-retry")
    assert books.shop.payment()["status"] == "VOIDED"
    assert books.check() == []


def test_an_order_that_is_undecided_is_neither_refunded_nor_charged(books):
    books.ordered()
    books.shop.charge()
    books.saga_runs()

    assert books.check(repair=True) == [("PaidButNotConfirmed", "queued"), ("OrderStuck", "queued")]
    assert books.all_queues() == {"discrepancy-queue": 2}


def test_money_that_was_confirmed_and_never_captured_is_never_charged(books):
    books.sold(paid=False)

    assert books.check(repair=True) == [("ConfirmedButNotPaid", "queued")]
    assert books.all_queues() == {"discrepancy-queue": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("RESERVED", "StockStillReserved"), ("COMMITTED", "StockDeductedForNothing")],
)
def test_stock_of_an_order_that_ended_is_released(books, status, kind):
    books.failed()
    books.holds(status)
    books.empties("inventory-update-queue")
    books.shop.neighbours.answers["product-service-local-release-inventory"] = books.releases

    assert books.check(repair=True) == [(kind, "repaired")]
    assert books.check(repair=True) == [(kind, "repaired")]

    books.shop.works_off("inventory-update-queue", "on-inventory-update")
    called = books.shop.neighbours.called("product-service-local-release-inventory")
    assert [step["orderId"] for step in called] == [ORDER, ORDER]
    assert books.check() == []


@pytest.mark.parametrize("status", ["RESERVED", "EXPIRED"])
def test_stock_of_a_confirmed_order_is_deducted(books, status):
    books.sold()
    books.holds(status)
    books.empties("inventory-update-queue")
    books.shop.neighbours.answers["product-service-local-update-inventory"] = books.commits

    assert books.check(repair=True) == [("StockNotDeducted", "repaired")]

    books.shop.works_off("inventory-update-queue", "on-inventory-update")
    (called,) = books.shop.neighbours.called("product-service-local-update-inventory")
    assert called["items"] == [{"productId": BOWL, "qty": 2}]
    assert books.check() == []


def test_stock_that_was_released_under_a_confirmed_order_is_a_persons_to_find(books):
    books.sold()
    books.holds("RELEASED")

    assert books.check(repair=True) == [("StockNotDeducted", "queued")]
    (doubt,) = books.waiting("discrepancy-queue")
    assert (doubt["kind"], doubt["orderId"], doubt["day"]) == (
        "StockNotDeducted",
        ORDER,
        books.today(),
    )


def test_a_checkout_that_never_began_is_begun_once(books):
    books.ordered()

    assert books.check(repair=True) == [("OrderStuck", "repaired")]
    assert books.check(repair=True) == [("OrderStuck", "queued")]

    (begun,) = books.shop.executions()
    assert begun == {
        "name": ORDER.removeprefix("ORDER#"),
        "orderId": ORDER,
        "userId": JIMMY,
        "correlationId": "cor-1",
    }


@pytest.mark.parametrize("deaf", ["receipt", "audit", "analytics"])
def test_an_order_that_somebody_has_not_heard_of_is_told_again_to_all(books, bus, deaf):
    books.sold(heard=" ".join({"receipt", "audit", "analytics"} - {deaf}))

    assert books.check(repair=True) == [("OrderDoneNotHeard", "repaired")]

    (told,) = bus.events("order.done")
    first = books.done()
    assert {**told["detail"], "occurredAt": ""} == {**first["detail"], "occurredAt": ""}
    books.hears(told)
    books.hears(told)
    assert books.check() == []
    assert len(books.shop.audited()) == 1
    receipts = [row for row in books.shop.notifications() if row["kind"] == "RECEIPT"]
    assert [row["status"] for row in receipts] == ["SENT"]


def test_an_order_that_was_audited_on_another_day_is_not_audited_twice(books, bus):
    books.sold(heard="audit")
    books.refile_audit(books.yesterday())
    books.becomes("CONFIRMED", createdAt=f"{books.yesterday()}T23:59:00.000Z")

    assert books.check(repair=True) == [("OrderDoneNotHeard", "repaired")]

    (told,) = bus.events("order.done")
    assert told["detail"]["occurredAt"] == f"{books.yesterday()}T23:59:59.999Z"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("CONFIRMED", "ORDER_CONFIRMED", "is confirmed"),
        ("FAILED", "ORDER_FAILED", "could not be completed: OutOfStock Nothing stays charged."),
        ("EXPIRED", "ORDER_FAILED", "could not be completed: OutOfStock Nothing stays charged."),
        ("CANCELLED", "ORDER_CANCELLED", "is cancelled. Nothing stays charged."),
    ],
)
def test_a_customer_who_was_told_nothing_is_told_once(books, status, kind, words):
    books.sold() if status == "CONFIRMED" else books.failed(status=status)
    books.unsaid("ORDER_CONFIRMED", "ORDER_FAILED", "ORDER_CANCELLED")

    assert books.check(repair=True) == [("NotNotified", "repaired")]
    assert books.check(repair=True) == [("NotNotified", "repaired")]

    books.shop.works_off("notification-queue", "on-notification")
    rows = [
        row
        for row in books.shop.notifications()
        if row["kind"] == kind and row["audience"] == "customer"
    ]
    assert [(row["status"], words in row["message"]) for row in rows] == [("SENT", True)]
    assert books.check() == []


def test_the_saga_and_the_repair_tell_the_customer_the_same(books):
    """Else somebody whose saga told him would be told again."""
    books.sold()
    books.unsent("ORDER_CONFIRMED")
    before = {row["notificationId"] for row in books.shop.notifications()}

    books.check(repair=True)

    books.shop.works_off("notification-queue", "on-notification")
    assert {row["notificationId"] for row in books.shop.notifications()} == before


def test_a_refund_that_was_forgotten_is_asked_for_again_and_made_once(books):
    books.sold()
    books.asks_refund(restock=False)
    books.asks_refund("REFUND#2", restock=False)

    assert books.check(repair=True) == [
        ("RefundOverdue", "repaired"),
        ("RefundOverdue", "repaired"),
    ]
    assert len(books.waiting("refund-requested-queue")) == 2
    books.check(repair=True)

    books.shop.works_off("refund-requested-queue", "on-refund-requested")
    assert books.shop.charged() == (2598, 2598)
    assert {kind for kind, _ in books.check()} == {
        "RefundOverdue"
    }  # until order-service hears PaymentRefunded


def test_two_things_that_one_repair_mends_are_repaired_once(books):
    books.failed()
    books.unsaid("ORDER_FAILED")
    books.holds("RESERVED", expires_in=-400)

    assert books.check(repair=True) == [
        ("StockStillReserved", "repaired"),
        ("ReservationOverdue", "queued"),
        ("NotNotified", "repaired"),
    ]
    assert books.all_queues() == {
        "inventory-update-queue": 1,
        "discrepancy-queue": 1,
        "notification-queue": 1,
    }


def test_what_nobody_asked_to_be_repaired_is_only_reported(books):
    books.failed()
    books.holds("RESERVED")

    assert books.check() == [("StockStillReserved", "reported")]
    assert books.all_queues() == {}


def test_what_has_settled_by_itself_is_no_longer_a_persons(books):
    books.sold()
    books.holds("RELEASED")
    books.check(repair=True)
    books.holds("COMMITTED")

    assert books.look_again() == 0
    assert books.all_queues() == {}


def test_what_still_stands_stays_until_it_is_a_dead_letter(books):
    books.sold()
    books.holds("RELEASED")
    books.check(repair=True)

    assert books.look_again() == 1
    assert len(books.waiting("discrepancy-queue")) == 1


def test_what_another_thing_has_replaced_stays_as_well(books):
    """Its message is the only one that leads to the order."""
    books.sold()
    books.holds("RELEASED")
    books.check(repair=True)
    books.holds("COMMITTED", qty=1)

    assert books.look_again() == 1


def test_a_second_charge_is_seen_again_though_no_row_names_it(books):
    books.sold()
    second = books.gateway_charges()
    assert books.check(repair=True) == [("ChargedTwice", "queued")]
    assert books.look_again() == 1

    books.gateway_gives_back(intent_id=second)
    assert books.look_again() == 0


def test_a_refund_that_the_bank_did_not_take_is_a_persons_until_the_money_is_back(books):
    books.sold()
    books.asks_refund(status="DONE", restock=False)
    books.gateway_gives_back(1299, key=f"{ORDER}:REFUND#1")
    books.refund_fails()

    assert books.shop.hear("refund.failed") == [200]

    assert books.look_again() == 1
    books.gateway_gives_back(1299)
    assert books.look_again() == 0


def test_money_of_a_failed_checkout_that_the_bank_did_not_take_is_a_persons_as_well(books):
    books.failed()
    books.refund_fails()

    assert books.shop.hear("refund.failed", "refund.failed") == [200]

    assert books.look_again() == 1
    books.gateway_gives_back()
    assert books.look_again() == 0


def test_a_charge_of_no_order_is_a_persons_until_it_is_given_back(books):
    stray, lost = books.gateway_charges(None), books.gateway_charges(OTHER)
    assert books.check(repair=True) == [
        ("ChargeWithoutOrder", "queued"),
        ("ChargeWithoutOrder", "queued"),
    ]
    assert books.look_again() == 2

    books.gateway_gives_back(intent_id=stray)
    books.gateway_gives_back(intent_id=lost)
    assert books.look_again() == 0


@pytest.mark.parametrize(("sold", "whole"), [(5, False), (2, True)])
def test_a_product_that_does_not_add_up_is_a_persons_until_it_does(books, sold, whole):
    books.sold()
    books.supplied(available=6, reserved=1, sold=sold)
    books.change("Inventory", {"productId": BOWL}, suppliedStock=9)
    books.check(repair=True, whole=whole)
    assert books.waiting("discrepancy-queue")[0]["productId"] == BOWL
    assert books.look_again() == 1

    books.supplied(available=7, sold=2)
    assert books.look_again() == 0


def test_an_order_that_could_not_be_read_is_looked_at_again(books):
    books.sold()
    books.change("Payments", {"paymentId": PAYMENT}, intentId="pi_unknown")
    assert books.check(repair=True) == [("NotChecked", "queued")]
    assert books.look_again() == 1

    (intent,) = books.shop.intents()
    books.change("Payments", {"paymentId": PAYMENT}, intentId=intent["id"])
    assert books.look_again() == 0


def test_a_message_that_is_none_ends_as_a_dead_letter(books):
    with pytest.raises(queues.BatchPartlyFailed):
        books.shop.api.sqs("on-discrepancy", [{"orderId": ORDER}])
