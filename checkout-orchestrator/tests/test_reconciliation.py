"""The rules of the reconciliation: what is wrong is found, nothing else."""

import pytest
from tests.checkout_shop import BOWL, ORDER, PAYMENT
from tests.order_records import OTHER

THIRD, FOURTH = ORDER[:-1] + "3", ORDER[:-1] + "4"


def bowls(line_total):
    """The line of two bowls, at another price."""
    return [{"productId": BOWL, "qty": 2, "lineTotalMinor": line_total}]


def test_a_consistent_shop_has_no_discrepancy(records):
    records.store_stock(available=6, sold=2)
    records.complete_purchase()
    records.fail_checkout(OTHER)
    records.fail_checkout(THIRD, status="CANCELLED")
    records.fail_checkout(FOURTH, status="EXPIRED")

    report = records.report(fullStock=True)

    assert report["discrepancies"] == []
    assert report["orders"] == 4
    assert report["checked"]["intents"] == 4


def test_an_order_that_waits_for_its_customer_is_consistent(records):
    records.store_stock(available=6, reserved=2)
    records.store_order()
    records.shop.charge(payment_method="pm_card_threeDSecure2Required")
    records.store_reservation("RESERVED")
    records.start_saga()

    assert records.kinds(settle=3600, fullStock=True) == []


def test_an_order_that_is_being_undone_is_consistent(records):
    records.store_order()
    records.shop.charge()
    records.store_reservation("COMMITTED")
    records.set_status("CANCELLED")

    assert records.kinds(settle=3600) == []


def test_requested_refunds_that_are_made_are_consistent(records):
    records.store_stock(available=7, sold=1)
    records.complete_purchase()
    records.request_refund(status="DONE")
    records.refund_at_gateway(1299)
    records.store_reservation("COMMITTED", returned=1)
    assert records.kinds(fullStock=True) == []

    records.request_refund("REFUND#2")
    assert records.kinds(settle=3600, fullStock=True) == []


def test_an_order_with_nothing_to_pay_is_consistent(records):
    records.store_order(totalMinor=0)
    records.shop.charge(amount=0)
    records.store_reservation("COMMITTED")
    records.set_status("CONFIRMED", paymentId=PAYMENT, items=bowls(line_total=0))
    records.notify("ORDER_CONFIRMED")
    records.consume_order_done(total=0)

    assert records.kinds() == []


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "EXPIRED"])
def test_money_of_an_order_that_ended_is_found(records, status):
    records.store_order()
    records.shop.charge()
    records.set_status(status)
    records.notify("ORDER_FAILED")

    assert records.kinds() == ["PaidButNotConfirmed"]


def test_a_confirmed_order_that_nobody_paid_is_found(records):
    records.complete_purchase(paid=False)

    assert records.kinds(settle=3600) == ["ConfirmedButNotPaid"]


def test_a_confirmed_order_without_a_capture_is_found(records):
    records.store_order()
    records.shop.charge(payment_method="pm_card_threeDSecure2Required")
    records.complete_purchase(paid=False)

    assert records.kinds(settle=3600) == ["ConfirmedButNotPaid"]


def test_an_order_that_was_charged_twice_is_found(records):
    records.complete_purchase()
    records.charge_at_gateway()

    assert records.kinds(settle=3600) == ["ChargedTwice"]


def test_a_charge_by_another_intent_than_the_payments_is_found(records):
    records.store_order()
    records.shop.charge(payment_method="pm_card_threeDSecure2Required")
    records.complete_purchase(paid=False)
    records.set_payment_status("SUCCEEDED")
    records.charge_at_gateway()

    assert records.kinds(settle=3600) == ["PaymentContradicts"]


def test_a_second_charge_that_was_refunded_is_consistent(records):
    records.complete_purchase()
    records.refund_at_gateway(intent_id=records.charge_at_gateway())

    assert records.kinds() == []


def test_a_capture_after_a_full_refund_is_found(records):
    records.fail_checkout()
    records.charge_at_gateway()

    assert records.kinds() == ["RefundMissing"]


def test_another_amount_than_the_total_is_found(records):
    records.complete_purchase()
    records.set_status("CONFIRMED", totalMinor=2599, items=bowls(line_total=2599))
    records.change("InventoryAudit", {"day": records.today(), "orderId": ORDER}, totalMinor=2599)

    assert records.kinds(settle=3600) == ["WrongAmount"]


@pytest.mark.parametrize("shipping", [499, None])
def test_a_price_whose_parts_do_not_sum_to_the_total_is_found(records, shipping):
    parts = {"shipping": {"totalMinor": shipping}} if shipping else {}
    records.complete_purchase()
    lines = bowls(line_total=2598 if shipping else 2000)
    records.set_status("CONFIRMED", items=lines, **parts)

    assert records.kinds(settle=3600) == ["PriceDoesNotAddUp"]


def test_a_price_with_shipping_adds_up(records):
    records.complete_purchase()
    lines = bowls(line_total=2098)
    records.set_status("CONFIRMED", items=lines, shipping={"totalMinor": 500})

    assert records.kinds(settle=3600) == []


def test_another_currency_than_the_orders_is_found(records):
    records.complete_purchase()
    records.set_status("CONFIRMED", currency="EUR")
    records.change("InventoryAudit", {"day": records.today(), "orderId": ORDER}, currency="EUR")

    assert records.kinds(settle=3600) == ["WrongCurrency"]


def test_a_charge_whose_order_does_not_exist_is_found(records):
    records.charge_at_gateway(OTHER)

    assert records.kinds(settle=3600) == ["ChargeWithoutOrder"]


def test_a_charge_that_names_no_order_is_of_another_system(records):
    records.charge_at_gateway(None)

    assert records.kinds(settle=3600) == []


def test_a_done_refund_that_was_not_made_is_found(records):
    records.complete_purchase()
    records.request_refund(status="DONE", restock=False)

    assert records.kinds(settle=3600) == ["RefundMissing"]


def test_more_refunded_than_was_requested_is_found(records):
    records.complete_purchase()
    records.request_refund(status="DONE", restock=False)
    records.refund_at_gateway(1300)

    assert records.kinds(settle=3600) == ["RefundedTooMuch"]


def test_an_overdue_refund_is_found(records):
    records.complete_purchase()
    records.request_refund()
    assert records.kinds(settle=60) == []

    assert records.kinds(settle=0) == ["RefundOverdue"]


def test_an_open_payment_of_an_ended_order_is_found(records):
    records.store_order()
    records.shop.charge(payment_method="pm_card_threeDSecure2Required")
    records.set_status("EXPIRED")
    records.notify("ORDER_FAILED")
    assert records.kinds(settle=60) == []

    assert records.kinds() == ["PaymentStuck"]


def test_a_payment_whose_refund_never_ends_is_found(records):
    records.fail_checkout()
    records.set_payment_status("REFUNDING")

    assert records.kinds() == ["PaymentStuck"]


def test_a_payment_that_contradicts_its_confirmed_order_is_found(records):
    records.complete_purchase()
    records.set_payment_status("VOIDED")

    assert records.kinds() == ["PaymentContradicts"]


def test_stock_that_an_ended_order_reserves_is_found(records):
    records.fail_checkout()
    records.store_reservation("RESERVED")
    assert records.kinds(settle=60) == []

    assert records.kinds() == ["StockStillReserved"]


def test_stock_that_an_ended_order_deducted_is_found(records):
    records.fail_checkout()
    records.store_reservation("COMMITTED")
    assert records.kinds(settle=60) == []

    assert records.kinds() == ["StockDeductedForNothing"]


@pytest.mark.parametrize("status", ["RESERVED", "EXPIRED", "RELEASED"])
def test_stock_that_a_confirmed_order_did_not_deduct_is_found(records, status):
    records.complete_purchase()
    records.store_reservation(status)

    assert records.kinds(settle=3600) == ["StockNotDeducted"]


def test_a_confirmed_order_without_a_reservation_is_found(records):
    records.complete_purchase()
    records.delete("Reservations", orderId=ORDER)

    assert records.kinds(settle=3600) == ["StockNotDeducted"]


def test_other_goods_than_were_ordered_are_found(records):
    records.complete_purchase()
    records.store_reservation("COMMITTED", qty=3)

    assert records.kinds(settle=3600) == ["WrongGoods"]


def test_refunded_goods_that_were_not_restocked_are_found(records):
    records.complete_purchase()
    records.request_refund(status="DONE")
    records.refund_at_gateway(1299)

    assert records.kinds(settle=3600) == ["StockNotReturned"]


def test_of_a_return_only_what_can_be_sold_again_is_restocked(records):
    records.complete_purchase()
    good = [{"productId": BOWL, "qty": 1}]
    records.request_refund(amount=2598, qty=2, status="DONE", restockItems=good)
    records.refund_at_gateway(2598)
    records.store_reservation("COMMITTED", returned=1)
    assert records.kinds(settle=3600) == []

    records.store_reservation("COMMITTED", returned=2)
    assert records.kinds(settle=3600) == ["StockNotReturned"]


def test_goods_restocked_without_a_refund_are_found(records):
    records.complete_purchase()
    records.store_reservation("COMMITTED", returned=1)

    assert records.kinds(settle=3600) == ["StockNotReturned"]


def test_an_overdue_reservation_of_any_day_is_found(records):
    records.store_order(placedOn="2025-10-13#0")
    records.store_reservation("RESERVED", expires_in=-301)

    assert records.kinds(settle=3600) == ["ReservationOverdue"]


def test_negative_stock_is_found(records):
    records.complete_purchase()
    records.store_stock(available=-1, sold=2)

    assert records.kinds(settle=3600) == ["NegativeStock"]


def test_stock_that_is_not_counted_may_be_negative_and_adds_up(records):
    records.complete_purchase()
    records.store_stock(available=-1, sold=2)
    records.change("Inventory", {"productId": BOWL}, notCounted=True)

    assert records.kinds(settle=3600) == []

    records.change("Inventory", {"productId": BOWL}, suppliedStock=9)
    assert records.kinds(settle=3600) == ["StockDoesNotAddUp"]


def test_stock_that_does_not_add_up_is_found(records):
    records.complete_purchase()
    records.change("Inventory", {"productId": BOWL}, suppliedStock=9)

    (discrepancy,) = records.report(settle=3600)["discrepancies"]
    assert (discrepancy["kind"], discrepancy["productId"]) == ("StockDoesNotAddUp", BOWL)


def test_a_product_is_reported_once_also_with_the_full_stock(records):
    records.store_stock(available=6, sold=2)
    records.complete_purchase()
    records.change("Inventory", {"productId": BOWL}, suppliedStock=9)

    assert records.kinds(fullStock=True) == ["StockDoesNotAddUp"]


def test_more_reserved_stock_than_orders_hold_is_found(records):
    records.store_stock(available=5, reserved=1, sold=2)
    records.complete_purchase()
    assert records.kinds() == []

    assert records.kinds(fullStock=True) == ["ReservedDoesNotAddUp"]


def test_more_sold_stock_than_orders_bought_is_found(records):
    records.store_stock(available=5, sold=3)
    records.complete_purchase()
    assert records.kinds() == []

    assert records.kinds(fullStock=True) == ["SoldDoesNotAddUp"]


def test_a_supply_that_is_not_what_the_ledger_says_is_found(records):
    records.store_stock(available=6, sold=2)
    records.complete_purchase()
    assert records.kinds(fullStock=True) == []  # from before there was a ledger
    records.store_movement(9)

    (discrepancy,) = records.report(fullStock=True)["discrepancies"]
    assert (discrepancy["kind"], discrepancy["productId"]) == ("MovementsDoNotAddUp", BOWL)
    assert discrepancy["detail"] == "8 supplied, but its movements are 9"

    records.store_movement(-1, number=2)
    assert records.kinds(fullStock=True) == []


def test_a_product_sold_during_the_check_is_not_judged(records):
    records.store_stock(available=6, sold=2)
    records.complete_purchase()
    records.when_reservations_are_read(lambda: records.store_stock(available=5, sold=3))

    assert records.kinds(fullStock=True) == []


def test_an_order_that_stays_created_is_found(records):
    records.store_order()
    records.start_saga()
    assert records.kinds(settle=60) == []

    assert records.kinds() == ["OrderStuck"]


def test_an_order_that_awaits_its_customer_is_not_stuck(records):
    records.store_order()
    records.start_saga()
    records.shop.charge(payment_method=None)

    assert records.kinds() == []


def test_an_order_is_stuck_once_its_customers_time_is_over(records):
    records.store_order()
    records.start_saga()
    records.shop.charge(payment_method=None)
    records.let_payment_expire()

    assert records.kinds() == ["OrderStuck"]


def test_an_unpaid_order_without_a_saga_is_stuck(records):
    records.store_order()
    records.shop.charge(payment_method=None)

    assert records.kinds() == ["OrderStuck"]


def test_a_paid_order_that_stays_created_is_two_discrepancies(records):
    records.store_order()
    records.shop.charge()
    records.start_saga()

    assert records.kinds() == ["PaidButNotConfirmed", "OrderStuck"]


@pytest.mark.parametrize("status", ["CONFIRMED", "FAILED"])
def test_a_customer_who_was_not_notified_is_found(records, status):
    records.complete_purchase() if status == "CONFIRMED" else records.fail_checkout()
    records.delete_notifications("ORDER_CONFIRMED", "ORDER_FAILED")
    assert records.kinds(settle=60) == []

    assert records.kinds() == ["NotNotified"]


def test_a_notification_that_was_not_sent_does_not_count(records):
    records.complete_purchase()
    records.mark_pending("ORDER_CONFIRMED")

    assert records.kinds() == ["NotNotified"]


def test_a_customer_who_was_notified_twice_is_found(records):
    records.complete_purchase()
    records.duplicate_notification("ORDER_CONFIRMED")

    assert records.kinds(settle=3600) == ["NotifiedTwice"]


def test_contradicting_notifications_are_found(records):
    records.complete_purchase()
    records.notify("ORDER_FAILED")

    assert records.kinds(settle=3600) == ["NotifiedTwice"]


@pytest.mark.parametrize("skipped", ["receipt", "audit", "analytics"])
def test_an_order_done_that_was_not_consumed_is_found(records, skipped):
    records.complete_purchase(consumers=" ".join({"receipt", "audit", "analytics"} - {skipped}))
    assert records.kinds(settle=60) == []

    (discrepancy,) = records.report()["discrepancies"]
    assert discrepancy["kind"] == "OrderDoneNotHeard"
    assert skipped in discrepancy["detail"]


@pytest.mark.parametrize("where", ["audit", "analytics"])
def test_an_unsold_order_in_audit_and_report_is_found(records, where):
    records.fail_checkout()
    records.consume_order_done(by=where)

    assert records.kinds(settle=3600) == ["OrderDoneForNothing"]


def test_an_unsold_order_in_the_audit_alone_is_found(records):
    records.consume_order_done(by="audit")

    assert records.kinds(settle=3600) == ["OrderDoneForNothing"]


def test_an_order_audited_at_another_price_is_found(records):
    records.complete_purchase()
    records.change("InventoryAudit", {"day": records.today(), "orderId": ORDER}, totalMinor=1)

    assert records.kinds(settle=3600) == ["OrderDoneForNothing"]


def test_an_intent_that_the_gateway_does_not_know_is_found(records):
    records.complete_purchase()
    records.change("Payments", {"paymentId": PAYMENT}, intentId="pi_unknown")

    (discrepancy,) = records.report(settle=3600)["discrepancies"]
    assert discrepancy["kind"] == "NotChecked"
    assert "pi_unknown" in discrepancy["detail"]


def test_one_order_that_cannot_be_read_does_not_hide_the_others(records):
    records.store_order()
    records.shop.charge()
    records.change("Orders", {"orderId": ORDER}, items="nonsense")
    records.complete_purchase(OTHER)
    records.store_reservation("RELEASED", OTHER)

    assert sorted(records.kinds(settle=3600)) == ["NotChecked", "StockNotDeducted"]


def test_an_order_read_at_the_second_try_has_all_its_charges(records):
    records.complete_purchase()
    records.charge_at_gateway()
    records.when_orders_are_read(records.throttle)

    assert records.kinds(settle=3600) == ["ChargedTwice"]


def test_a_passing_discrepancy_is_not_reported(records):
    """An order that was read before its payment was made, and its payment after."""
    records.complete_purchase()
    records.store_reservation("RELEASED")
    records.when_orders_are_read(lambda: records.store_reservation("COMMITTED"), after=1)

    assert records.kinds() == []


def test_yesterdays_orders_are_checked_where_no_day_is_named(records):
    records.store_order(
        placedOn=f"{records.yesterday()}#5", createdAt=f"{records.yesterday()}T23:59:59.000Z"
    )

    assert records.kinds(day=None) == ["OrderStuck"]


def test_the_days_before_are_checked_with_it(records):
    records.store_order(
        placedOn=f"{records.yesterday()}#5", createdAt=f"{records.yesterday()}T23:59:59.000Z"
    )
    assert records.kinds() == []

    assert records.kinds(days=2) == ["OrderStuck"]


def test_only_the_orders_that_are_named_are_checked(records):
    records.store_order()
    records.store_order(OTHER)

    report = records.report(orderIds=[OTHER])

    assert [discrepancy["orderId"] for discrepancy in report["discrepancies"]] == [OTHER]


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "20261122", "2999-01-01", ""])
def test_an_invalid_day_is_refused(records, day):
    with pytest.raises(Exception, match=r"is not a day|has not begun"):
        records.report(day=day)


def test_a_check_that_runs_out_of_time_can_be_continued(records):
    for place in range(1, 6):
        records.store_order(f"{ORDER[:-1]}{place}")
    seen, cursor = [], None
    for _ in range(5):
        report = records.report_without_time(next=cursor)
        seen += [discrepancy["orderId"] for discrepancy in report["discrepancies"]]
        cursor = report["next"]

    assert seen == [f"{ORDER[:-1]}{place}" for place in range(1, 6)]
    assert cursor is None


def test_a_nightly_check_out_of_time_starts_another_one(records):
    records.store_order()
    records.store_order(OTHER)
    records.shop.lambda_fakes.answers["checkout-orchestrator-local-reconcile"] = lambda asked: None

    report = records.report_without_time(**{"continue": True, "repair": True})

    (asked,) = records.shop.lambda_fakes.called("checkout-orchestrator-local-reconcile")
    assert (asked["next"], asked["day"], asked["repair"], asked["continue"]) == (
        report["next"],
        records.today(),
        True,
        True,
    )


def test_a_check_fails_while_the_gateway_is_down(records):
    records.shop.stripe.faults.set(down=True)

    with pytest.raises(Exception, match="payment gateway"):
        records.report()


def test_a_check_writes_nothing(records):
    records.store_order()
    records.shop.charge()
    records.set_status("FAILED")
    before = records.dump()

    assert records.check() == [("PaidButNotConfirmed", "reported"), ("NotNotified", "reported")]
    assert records.dump() == before


def parcels(*quantities):
    return {"shipments": [{"items": [{"productId": BOWL, "qty": qty}]} for qty in quantities]}


def test_parcels_of_all_that_was_ordered_are_consistent(records):
    records.store_stock(available=6, sold=2)
    records.complete_purchase()
    records.change("Orders", {"orderId": ORDER}, **parcels(1, 1))

    assert records.kinds() == []


def test_parcels_with_more_than_was_ordered_are_found_at_once(records):
    records.store_stock(available=6, sold=2)
    records.complete_purchase()
    records.change("Orders", {"orderId": ORDER}, **parcels(2, 1))

    assert records.kinds(settle=3600) == ["ShippedTooMuch"]


def test_a_parcel_of_an_unpaid_order_is_found_at_once(records):
    records.fail_checkout(ORDER)
    records.change("Orders", {"orderId": ORDER}, **parcels(1))

    assert records.kinds(settle=3600) == ["ShippedForNothing"]


def returns(*quantities, refund_id="REFUND#1"):
    parts = [
        {"refundId": refund_id, "items": [{"productId": BOWL, "qty": qty}]} for qty in quantities
    ]
    return {"returns": [{"returnId": "RET#1", "parts": parts}, {"returnId": "RET#2"}]}


@pytest.fixture
def refunded_return(records):
    """An order that was shipped, of which a bowl was refunded and restocked."""
    records.complete_purchase()
    records.request_refund(status="DONE")
    records.refund_at_gateway(1299)
    records.store_reservation("COMMITTED", returned=1)
    return records


def test_a_return_that_was_refunded_is_consistent(refunded_return):
    refunded_return.change("Orders", {"orderId": ORDER}, **parcels(2), **returns(1))

    assert refunded_return.kinds(settle=3600) == []


def test_returns_of_more_than_was_shipped_are_found_at_once(refunded_return):
    refunded_return.change("Orders", {"orderId": ORDER}, **parcels(1), **returns(1, 1))

    assert refunded_return.kinds(settle=3600) == ["ReturnedTooMuch"]


def test_goods_that_came_back_without_a_refund_are_found_at_once(refunded_return):
    lost = returns(1, refund_id="REFUND#2")
    refunded_return.change("Orders", {"orderId": ORDER}, **parcels(2), **lost)

    assert refunded_return.kinds(settle=3600) == ["ReturnNotRefunded"]
