"""Repairs of discrepancies, and the escalation of those without a repair."""

import pytest
from tests.checkout_shop import BOWL, JIMMY, ORDER, PAYMENT
from tests.order_records import OTHER

from common import queues


def test_money_of_an_ended_order_is_refunded_once(records):
    records.store_order()
    records.shop.charge()
    records.set_status("FAILED", reason="OutOfStock")
    records.notify("ORDER_FAILED")

    assert records.check(repair=True) == [("PaidButNotConfirmed", "repaired")]
    assert records.check(repair=True) == [("PaidButNotConfirmed", "repaired")]

    first, second = records.messages("payment-retry-queue")
    assert (first["action"], first["orderId"]) == ("refund", ORDER)
    records.shop.api.sqs("on-payment-retry", [first])
    records.shop.api.sqs("on-payment-retry", [second])
    assert records.shop.charged() == (2598, 2598)
    assert records.check() == []


def test_an_open_payment_of_an_ended_order_is_voided(records):
    records.store_order()
    records.shop.charge(payment_method="pm_card_threeDSecure2Required")
    records.set_status("EXPIRED")
    records.notify("ORDER_FAILED")

    assert records.check(repair=True) == [("PaymentStuck", "repaired")]

    records.shop.consume("payment-retry-queue", "on-payment-retry")
    assert records.shop.payment()["status"] == "VOIDED"
    assert records.check() == []


def test_a_created_order_is_neither_refunded_nor_charged(records):
    records.store_order()
    records.shop.charge()
    records.start_saga()

    assert records.check(repair=True) == [
        ("PaidButNotConfirmed", "queued"),
        ("OrderStuck", "queued"),
    ]
    assert records.all_queues() == {"discrepancy-queue": 2}


def test_a_confirmed_order_without_a_capture_is_not_charged(records):
    records.complete_purchase(paid=False)

    assert records.check(repair=True) == [("ConfirmedButNotPaid", "queued")]
    assert records.all_queues() == {"discrepancy-queue": 1}


@pytest.mark.parametrize(
    ("status", "kind"),
    [("RESERVED", "StockStillReserved"), ("COMMITTED", "StockDeductedForNothing")],
)
def test_stock_of_an_order_that_ended_is_released(records, status, kind):
    records.fail_checkout()
    records.store_reservation(status)
    records.purge("inventory-update-queue")
    records.shop.lambda_fakes.answers["product-service-local-release-inventory"] = (
        records.release_stock
    )

    assert records.check(repair=True) == [(kind, "repaired")]
    assert records.check(repair=True) == [(kind, "repaired")]

    records.shop.consume("inventory-update-queue", "on-inventory-update")
    called = records.shop.lambda_fakes.called("product-service-local-release-inventory")
    assert [step["orderId"] for step in called] == [ORDER, ORDER]
    assert records.check() == []


@pytest.mark.parametrize("status", ["RESERVED", "EXPIRED"])
def test_stock_of_a_confirmed_order_is_deducted(records, status):
    records.complete_purchase()
    records.store_reservation(status)
    records.purge("inventory-update-queue")
    records.shop.lambda_fakes.answers["product-service-local-update-inventory"] = (
        records.commit_stock
    )

    assert records.check(repair=True) == [("StockNotDeducted", "repaired")]

    records.shop.consume("inventory-update-queue", "on-inventory-update")
    (called,) = records.shop.lambda_fakes.called("product-service-local-update-inventory")
    assert called["items"] == [{"productId": BOWL, "qty": 2}]
    assert records.check() == []


def test_released_stock_of_a_confirmed_order_is_escalated(records):
    records.complete_purchase()
    records.store_reservation("RELEASED")

    assert records.check(repair=True) == [("StockNotDeducted", "queued")]
    (doubt,) = records.messages("discrepancy-queue")
    assert (doubt["kind"], doubt["orderId"], doubt["day"]) == (
        "StockNotDeducted",
        ORDER,
        records.today(),
    )


def test_an_order_that_can_still_be_paid_is_not_repaired(records):
    records.store_order()

    assert records.check(repair=True) == [("OrderStuck", "queued")]
    assert records.shop.executions() == []


def test_a_late_order_without_a_saga_gets_the_one_that_ends_it(records):
    records.store_order()
    records.shop.end_offer()

    assert records.check(repair=True) == [("OrderStuck", "repaired")]
    assert records.check(repair=True) == [("OrderStuck", "queued")]

    (begun,) = records.shop.executions()
    assert begun == {
        "name": ORDER.removeprefix("ORDER#"),
        "orderId": ORDER,
        "userId": JIMMY,
        "correlationId": "cor-1",
    }


@pytest.mark.parametrize("skipped", ["receipt", "audit", "analytics"])
def test_order_done_that_was_not_consumed_is_published_again(records, bus, skipped):
    records.complete_purchase(consumers=" ".join({"receipt", "audit", "analytics"} - {skipped}))

    assert records.check(repair=True) == [("OrderDoneNotHeard", "repaired")]

    (event,) = bus.events("order.done")
    first = records.order_done()
    assert {**event["detail"], "occurredAt": ""} == {**first["detail"], "occurredAt": ""}
    records.consume_order_done_message(event)
    records.consume_order_done_message(event)
    assert records.check() == []
    assert len(records.shop.audited()) == 1
    receipts = [row for row in records.shop.notifications() if row["kind"] == "RECEIPT"]
    assert [row["status"] for row in receipts] == ["SENT"]


def test_an_order_that_was_audited_on_another_day_is_not_audited_twice(records, bus):
    records.complete_purchase(consumers="audit")
    records.refile_audit(records.yesterday())
    records.set_status("CONFIRMED", createdAt=f"{records.yesterday()}T23:59:00.000Z")

    assert records.check(repair=True) == [("OrderDoneNotHeard", "repaired")]

    (event,) = bus.events("order.done")
    assert event["detail"]["occurredAt"] == f"{records.yesterday()}T23:59:59.999Z"


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        ("CONFIRMED", "ORDER_CONFIRMED", "is confirmed"),
        ("FAILED", "ORDER_FAILED", "could not be completed: OutOfStock. Nothing stays charged."),
        ("EXPIRED", "ORDER_FAILED", "could not be completed: OutOfStock. Nothing stays charged."),
        ("CANCELLED", "ORDER_CANCELLED", "is cancelled. Nothing stays charged."),
    ],
)
def test_a_customer_who_was_not_notified_is_notified_once(records, status, kind, words):
    records.complete_purchase() if status == "CONFIRMED" else records.fail_checkout(status=status)
    records.delete_notifications("ORDER_CONFIRMED", "ORDER_FAILED", "ORDER_CANCELLED")

    assert records.check(repair=True) == [("NotNotified", "repaired")]
    assert records.check(repair=True) == [("NotNotified", "repaired")]

    records.shop.consume("notification-queue", "on-notification")
    rows = [
        row
        for row in records.shop.notifications()
        if row["kind"] == kind and row["audience"] == "customer"
    ]
    assert [(row["status"], words in row["message"]) for row in rows] == [("SENT", True)]
    assert records.check() == []


def test_the_saga_and_the_repair_send_the_same_notice(records):
    """Else a customer whom the saga notified would be notified again."""
    records.complete_purchase()
    records.mark_pending("ORDER_CONFIRMED")
    before = {row["notificationId"] for row in records.shop.notifications()}

    records.check(repair=True)

    records.shop.consume("notification-queue", "on-notification")
    assert {row["notificationId"] for row in records.shop.notifications()} == before


def test_a_lost_refund_is_requested_again_and_made_once(records):
    records.complete_purchase()
    records.request_refund(restock=False)
    records.request_refund("REFUND#2", restock=False)

    assert records.check(repair=True) == [
        ("RefundOverdue", "repaired"),
        ("RefundOverdue", "repaired"),
    ]
    assert len(records.messages("refund-requested-queue")) == 2
    records.check(repair=True)

    records.shop.consume("refund-requested-queue", "on-refund-requested")
    assert records.shop.charged() == (2598, 2598)
    assert {kind for kind, _ in records.check()} == {
        "RefundOverdue"
    }  # until order-service consumes PaymentRefunded


def test_a_lost_refund_of_a_return_restocks_what_can_be_sold_again(records):
    records.complete_purchase()
    good = [{"productId": BOWL, "qty": 1}]
    records.request_refund(amount=2598, qty=2, restockItems=good)

    assert records.check(repair=True) == [("RefundOverdue", "repaired")]
    (message,) = records.messages("refund-requested-queue")
    assert message["detail"]["items"] == good


def test_two_discrepancies_of_one_repair_are_repaired_once(records):
    records.fail_checkout()
    records.delete_notifications("ORDER_FAILED")
    records.store_reservation("RESERVED", expires_in=-400)

    assert records.check(repair=True) == [
        ("StockStillReserved", "repaired"),
        ("ReservationOverdue", "queued"),
        ("NotNotified", "repaired"),
    ]
    assert records.all_queues() == {
        "inventory-update-queue": 1,
        "discrepancy-queue": 1,
        "notification-queue": 1,
    }


def test_without_repair_a_discrepancy_is_only_reported(records):
    records.fail_checkout()
    records.store_reservation("RESERVED")

    assert records.check() == [("StockStillReserved", "reported")]
    assert records.all_queues() == {}


def test_a_ticket_that_settled_by_itself_is_closed(records):
    records.complete_purchase()
    records.store_reservation("RELEASED")
    records.check(repair=True)
    records.store_reservation("COMMITTED")

    assert records.recheck() == 0
    assert records.all_queues() == {}


def test_a_ticket_that_stands_becomes_a_dead_letter(records):
    records.complete_purchase()
    records.store_reservation("RELEASED")
    records.check(repair=True)

    assert records.recheck() == 1
    assert len(records.messages("discrepancy-queue")) == 1


def test_a_ticket_with_another_discrepancy_stays_open(records):
    """Its message is the only one that leads to the order."""
    records.complete_purchase()
    records.store_reservation("RELEASED")
    records.check(repair=True)
    records.store_reservation("COMMITTED", qty=1)

    assert records.recheck() == 1


def test_a_second_charge_without_a_row_is_rechecked(records):
    records.complete_purchase()
    second = records.charge_at_gateway()
    assert records.check(repair=True) == [("ChargedTwice", "queued")]
    assert records.recheck() == 1

    records.refund_at_gateway(intent_id=second)
    assert records.recheck() == 0


def test_a_failed_refund_is_escalated_until_it_is_made_good(records):
    records.complete_purchase()
    records.request_refund(status="DONE", restock=False)
    records.refund_at_gateway(1299, key=f"{ORDER}:REFUND#1")
    records.fail_refund()

    assert records.shop.deliver_webhooks("refund.failed") == [200]

    assert records.recheck() == 1
    records.refund_at_gateway(1299)
    assert records.recheck() == 0


def test_a_failed_refund_of_a_failed_checkout_is_escalated(records):
    records.fail_checkout()
    records.fail_refund()

    assert records.shop.deliver_webhooks("refund.failed", "refund.failed") == [200]

    assert records.recheck() == 1
    records.refund_at_gateway()
    assert records.recheck() == 0


def test_a_charge_without_an_order_is_escalated_until_refunded(records):
    lost = records.charge_at_gateway(OTHER)
    assert records.check(repair=True) == [("ChargeWithoutOrder", "queued")]
    assert records.recheck() == 1

    records.refund_at_gateway(intent_id=lost)
    assert records.recheck() == 0


@pytest.mark.parametrize(("sold", "is_consistent"), [(5, False), (2, True)])
def test_stock_that_does_not_add_up_is_escalated_until_it_does(records, sold, is_consistent):
    records.complete_purchase()
    records.store_stock(available=6, reserved=1, sold=sold)
    records.change("Inventory", {"productId": BOWL}, suppliedStock=9)
    records.check(repair=True, fullStock=is_consistent)
    assert records.messages("discrepancy-queue")[0]["productId"] == BOWL
    assert records.recheck() == 1

    records.store_stock(available=7, sold=2)
    assert records.recheck() == 0


def test_an_order_that_could_not_be_read_is_rechecked(records):
    records.complete_purchase()
    records.change("Payments", {"paymentId": PAYMENT}, intentId="pi_unknown")
    assert records.check(repair=True) == [("NotChecked", "queued")]
    assert records.recheck() == 1

    (intent,) = records.shop.intents()
    records.change("Payments", {"paymentId": PAYMENT}, intentId=intent["id"])
    assert records.recheck() == 0


def test_an_invalid_ticket_ends_as_a_dead_letter(records):
    with pytest.raises(queues.BatchPartlyFailed):
        records.shop.api.sqs("on-discrepancy", [{"orderId": ORDER}])
