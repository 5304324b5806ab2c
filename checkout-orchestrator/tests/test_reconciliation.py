"""Whoever holds the books of all sides against each other is told what is wrong, and nothing of what is right."""

import pytest
from tests.ledger import OTHER
from tests.shop import BOWL, ORDER, PAYMENT

THIRD, FOURTH = ORDER[:-1] + "3", ORDER[:-1] + "4"


def test_of_a_shop_in_which_all_is_well_nothing_is_told(books):
    books.supplied(available=6, sold=2)
    books.sold()
    books.failed(OTHER)
    books.failed(THIRD, status="CANCELLED")
    books.failed(FOURTH, status="EXPIRED")

    report = books.report(whole=True)

    assert report["discrepancies"] == []
    assert report["orders"] == 4
    assert report["checked"]["intents"] == 4


def test_of_an_order_that_waits_for_its_customer_nothing_is_told(books):
    books.supplied(available=6, reserved=2)
    books.ordered()
    books.shop.charge(payment_method="pm_card_threeDSecure2Required")
    books.holds("RESERVED")
    books.saga_runs()

    assert books.kinds(settle=3600, whole=True) == []


def test_of_an_order_that_is_just_being_undone_nothing_is_told(books):
    books.ordered()
    books.shop.charge()
    books.holds("COMMITTED")
    books.becomes("CANCELLED")

    assert books.kinds(settle=3600) == []


def test_of_refunds_that_are_made_and_asked_for_nothing_is_told(books):
    books.supplied(available=7, sold=1)
    books.sold()
    books.asks_refund(status="DONE")
    books.gateway_gives_back(1299)
    books.holds("COMMITTED", returned=1)
    assert books.kinds(whole=True) == []

    books.asks_refund("REFUND#2")
    assert books.kinds(settle=3600, whole=True) == []


def test_of_an_order_of_nothing_to_pay_nothing_is_told(books):
    books.ordered(totalMinor=0)
    books.shop.charge(amount=0)
    books.holds("COMMITTED")
    books.becomes("CONFIRMED", paymentId=PAYMENT)
    books.told("ORDER_CONFIRMED")
    books.heard(total=0)

    assert books.kinds() == []


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "EXPIRED"])
def test_money_of_an_order_that_ended_is_told(books, status):
    books.ordered()
    books.shop.charge()
    books.becomes(status)
    books.told("ORDER_FAILED")

    assert books.kinds() == ["PaidButNotConfirmed"]


def test_a_confirmed_order_that_nobody_paid_is_told(books):
    books.sold(paid=False)

    assert books.kinds(settle=3600) == ["ConfirmedButNotPaid"]


def test_a_confirmed_order_whose_payment_was_never_captured_is_told(books):
    books.ordered()
    books.shop.charge(payment_method="pm_card_threeDSecure2Required")
    books.sold(paid=False)

    assert books.kinds(settle=3600) == ["ConfirmedButNotPaid"]


def test_an_order_that_was_charged_twice_is_told(books):
    books.sold()
    books.gateway_charges()

    assert books.kinds(settle=3600) == ["ChargedTwice"]


def test_of_a_second_charge_that_was_given_back_nothing_is_told(books):
    books.sold()
    books.gateway_gives_back(intent_id=books.gateway_charges())

    assert books.kinds() == []


def test_money_that_came_in_after_all_was_given_back_is_told(books):
    books.failed()
    books.gateway_charges()

    assert books.kinds() == ["RefundMissing"]


def test_another_amount_than_the_total_is_told(books):
    books.sold()
    books.becomes("CONFIRMED", totalMinor=2599)
    books.change("InventoryAudit", {"day": books.today(), "orderId": ORDER}, totalMinor=2599)

    assert books.kinds(settle=3600) == ["WrongAmount"]


def test_another_currency_than_the_orders_is_told(books):
    books.sold()
    books.becomes("CONFIRMED", currency="EUR")
    books.change("InventoryAudit", {"day": books.today(), "orderId": ORDER}, currency="EUR")

    assert books.kinds(settle=3600) == ["WrongCurrency"]


def test_a_charge_whose_order_does_not_exist_is_told(books):
    books.gateway_charges(OTHER)

    assert books.kinds(settle=3600) == ["ChargeWithoutOrder"]


def test_a_charge_that_names_no_order_is_told(books):
    books.gateway_charges(None)

    report = books.report(settle=3600)

    (found,) = report["discrepancies"]
    assert found["kind"] == "ChargeWithoutOrder"
    assert "25.98 USD" in found["detail"]


def test_a_refund_that_is_done_and_not_made_is_told(books):
    books.sold()
    books.asks_refund(status="DONE", restock=False)

    assert books.kinds(settle=3600) == ["RefundMissing"]


def test_more_given_back_than_was_asked_for_is_told(books):
    books.sold()
    books.asks_refund(status="DONE", restock=False)
    books.gateway_gives_back(1300)

    assert books.kinds(settle=3600) == ["RefundedTooMuch"]


def test_a_refund_that_is_not_made_for_too_long_is_told(books):
    books.sold()
    books.asks_refund()
    assert books.kinds(settle=60) == []

    assert books.kinds(settle=0) == ["RefundOverdue"]


def test_a_payment_that_is_open_though_its_order_ended_is_told(books):
    books.ordered()
    books.shop.charge(payment_method="pm_card_threeDSecure2Required")
    books.becomes("EXPIRED")
    books.told("ORDER_FAILED")
    assert books.kinds(settle=60) == []

    assert books.kinds() == ["PaymentStuck"]


def test_a_payment_whose_refund_never_ends_is_told(books):
    books.failed()
    books.payment_becomes("REFUNDING")

    assert books.kinds() == ["PaymentStuck"]


def test_a_payment_that_says_otherwise_than_its_confirmed_order_is_told(books):
    books.sold()
    books.payment_becomes("VOIDED")

    assert books.kinds() == ["PaymentContradicts"]


def test_stock_that_an_ended_order_still_reserves_is_told(books):
    books.failed()
    books.holds("RESERVED")
    assert books.kinds(settle=60) == []

    assert books.kinds() == ["StockStillReserved"]


def test_stock_that_an_ended_order_has_deducted_is_told(books):
    books.failed()
    books.holds("COMMITTED")
    assert books.kinds(settle=60) == []

    assert books.kinds() == ["StockDeductedForNothing"]


@pytest.mark.parametrize("status", ["RESERVED", "EXPIRED", "RELEASED"])
def test_stock_that_a_confirmed_order_has_not_deducted_is_told(books, status):
    books.sold()
    books.holds(status)

    assert books.kinds(settle=3600) == ["StockNotDeducted"]


def test_a_confirmed_order_without_any_reservation_is_told(books):
    books.sold()
    books.forget("Reservations", orderId=ORDER)

    assert books.kinds(settle=3600) == ["StockNotDeducted"]


def test_other_goods_than_were_ordered_are_told(books):
    books.sold()
    books.holds("COMMITTED", qty=3)

    assert books.kinds(settle=3600) == ["WrongGoods"]


def test_goods_that_were_refunded_and_are_not_back_on_the_shelf_are_told(books):
    books.sold()
    books.asks_refund(status="DONE")
    books.gateway_gives_back(1299)

    assert books.kinds(settle=3600) == ["StockNotReturned"]


def test_goods_that_came_back_unasked_are_told(books):
    books.sold()
    books.holds("COMMITTED", returned=1)

    assert books.kinds(settle=3600) == ["StockNotReturned"]


def test_a_reservation_that_does_not_expire_is_told_whatever_its_day(books):
    books.ordered(placedOn="2025-10-13#0")
    books.holds("RESERVED", expires_in=-301)

    assert books.kinds(settle=3600) == ["ReservationOverdue"]


def test_stock_below_nothing_is_told(books):
    books.sold()
    books.supplied(available=-1, sold=2)

    assert books.kinds(settle=3600) == ["NegativeStock"]


def test_stock_that_does_not_add_up_is_told(books):
    books.sold()
    books.change("Inventory", {"productId": BOWL}, suppliedStock=9)

    (found,) = books.report(settle=3600)["discrepancies"]
    assert (found["kind"], found["productId"]) == ("StockDoesNotAddUp", BOWL)


def test_a_product_is_told_once_also_where_the_whole_shop_is_counted(books):
    books.supplied(available=6, sold=2)
    books.sold()
    books.change("Inventory", {"productId": BOWL}, suppliedStock=9)

    assert books.kinds(whole=True) == ["StockDoesNotAddUp"]


def test_a_shop_whose_orders_reserve_less_than_its_shelves_say_is_told(books):
    books.supplied(available=5, reserved=1, sold=2)
    books.sold()
    assert books.kinds() == []

    assert books.kinds(whole=True) == ["ReservedDoesNotAddUp"]


def test_a_shop_whose_orders_bought_less_than_its_shelves_say_is_told(books):
    books.supplied(available=5, sold=3)
    books.sold()
    assert books.kinds() == []

    assert books.kinds(whole=True) == ["SoldDoesNotAddUp"]


def test_a_product_that_is_sold_while_the_shop_is_counted_is_not_judged(books):
    books.supplied(available=6, sold=2)
    books.sold()
    books.when_reservations_are_read(lambda: books.supplied(available=5, sold=3))

    assert books.kinds(whole=True) == []


def test_an_order_that_stays_undecided_is_told(books):
    books.ordered()
    books.saga_runs()
    assert books.kinds(settle=60) == []

    assert books.kinds() == ["OrderStuck"]


def test_an_order_whose_money_is_there_and_that_stays_undecided_is_told_as_both(books):
    books.ordered()
    books.shop.charge()
    books.saga_runs()

    assert books.kinds() == ["PaidButNotConfirmed", "OrderStuck"]


@pytest.mark.parametrize("status", ["CONFIRMED", "FAILED"])
def test_a_customer_who_was_told_nothing_is_told_of(books, status):
    books.sold() if status == "CONFIRMED" else books.failed()
    books.unsaid("ORDER_CONFIRMED", "ORDER_FAILED")
    assert books.kinds(settle=60) == []

    assert books.kinds() == ["NotNotified"]


def test_a_notification_that_was_not_sent_is_as_none(books):
    books.sold()
    books.unsent("ORDER_CONFIRMED")

    assert books.kinds() == ["NotNotified"]


def test_a_customer_who_was_told_twice_is_told_of(books):
    books.sold()
    books.said_again("ORDER_CONFIRMED")

    assert books.kinds(settle=3600) == ["NotifiedTwice"]


def test_a_customer_who_was_told_that_it_failed_and_that_it_did_not_is_told_of(books):
    books.sold()
    books.told("ORDER_FAILED")

    assert books.kinds(settle=3600) == ["NotifiedTwice"]


@pytest.mark.parametrize("deaf", ["receipt", "audit", "analytics"])
def test_an_order_of_which_somebody_has_not_heard_is_told(books, deaf):
    books.sold(heard=" ".join({"receipt", "audit", "analytics"} - {deaf}))
    assert books.kinds(settle=60) == []

    (found,) = books.report()["discrepancies"]
    assert found["kind"] == "OrderDoneNotHeard"
    assert deaf in found["detail"]


@pytest.mark.parametrize("where", ["audit", "analytics"])
def test_an_order_that_is_booked_as_sold_and_was_not_is_told(books, where):
    books.failed()
    books.heard(by=where)

    assert books.kinds(settle=3600) == ["OrderDoneForNothing"]


def test_an_order_that_is_in_the_audit_alone_is_told(books):
    books.heard(by="audit")

    assert books.kinds(settle=3600) == ["OrderDoneForNothing"]


def test_an_order_that_is_audited_at_another_price_is_told(books):
    books.sold()
    books.change("InventoryAudit", {"day": books.today(), "orderId": ORDER}, totalMinor=1)

    assert books.kinds(settle=3600) == ["OrderDoneForNothing"]


def test_an_order_whose_payment_the_gateway_does_not_know_is_told(books):
    books.sold()
    books.change("Payments", {"paymentId": PAYMENT}, intentId="pi_unknown")

    (found,) = books.report(settle=3600)["discrepancies"]
    assert found["kind"] == "NotChecked"
    assert "pi_unknown" in found["detail"]


def test_one_order_that_cannot_be_read_does_not_hide_the_others(books):
    books.ordered()
    books.change("Orders", {"orderId": ORDER}, items="nonsense")
    books.sold(OTHER)
    books.holds("RELEASED", OTHER)

    assert books.kinds(settle=3600) == ["NotChecked", "StockNotDeducted"]


def test_an_order_that_could_be_read_only_the_second_time_is_judged_by_all_its_charges(books):
    books.sold()
    books.gateway_charges()
    books.when_orders_are_read(books.throttled)

    assert books.kinds(settle=3600) == ["ChargedTwice"]


def test_what_is_wrong_only_in_passing_is_not_told(books):
    """An order that was read before its payment was made, and its payment after."""
    books.sold()
    books.holds("RELEASED")
    books.when_orders_are_read(lambda: books.holds("COMMITTED"), after=1)

    assert books.kinds() == []


def test_yesterdays_orders_are_checked_where_no_day_is_named(books):
    books.ordered(placedOn=f"{books.yesterday()}#5", createdAt=f"{books.yesterday()}T23:59:59.000Z")

    assert books.kinds(day=None) == ["OrderStuck"]


def test_the_days_before_are_checked_with_it(books):
    books.ordered(placedOn=f"{books.yesterday()}#5", createdAt=f"{books.yesterday()}T23:59:59.000Z")
    assert books.kinds() == []

    assert books.kinds(days=2) == ["OrderStuck"]


def test_only_the_orders_that_are_named_are_checked(books):
    books.ordered()
    books.ordered(OTHER)

    report = books.report(orderIds=[OTHER])

    assert [found["orderId"] for found in report["discrepancies"]] == [OTHER]


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "20261122", "2999-01-01", ""])
def test_a_day_that_is_none_is_refused(books, day):
    with pytest.raises(Exception, match=r"is not a day|has not begun"):
        books.report(day=day)


def test_a_check_that_runs_out_of_time_goes_on_where_it_was(books):
    for place in range(1, 6):
        books.ordered(f"{ORDER[:-1]}{place}")
    seen, cursor = [], None
    for _ in range(5):
        report = books.report_in_a_hurry(next=cursor)
        seen += [found["orderId"] for found in report["discrepancies"]]
        cursor = report["next"]

    assert seen == [f"{ORDER[:-1]}{place}" for place in range(1, 6)]
    assert cursor is None


def test_a_nightly_check_that_runs_out_of_time_has_another_one_begin(books):
    books.ordered()
    books.ordered(OTHER)
    books.shop.neighbours.answers["checkout-orchestrator-local-reconcile"] = lambda asked: None

    report = books.report_in_a_hurry(goOn=True, repair=True)

    (asked,) = books.shop.neighbours.called("checkout-orchestrator-local-reconcile")
    assert (asked["next"], asked["day"], asked["repair"], asked["goOn"]) == (
        report["next"],
        books.today(),
        True,
        True,
    )


def test_while_the_gateway_is_down_nothing_is_said_to_be_well(books):
    books.shop.stripe.switches.set(down=True)

    with pytest.raises(Exception, match="payment gateway"):
        books.report()


def test_a_check_writes_nothing(books):
    books.ordered()
    books.shop.charge()
    books.becomes("FAILED")
    before = books.everything()

    assert books.check() == [("PaidButNotConfirmed", "reported"), ("NotNotified", "reported")]
    assert books.everything() == before
