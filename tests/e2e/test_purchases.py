import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from tests.support.actors import ok, until


def test_what_is_in_the_cart_is_bought(jimmy, bowl, sight):
    jimmy.put_in_cart(bowl, 2)
    answer = ok(jimmy.check_out("pm_card_visa"), 202)
    assert (answer["status"], answer["totalAmount"], answer["currency"]) == (
        "CREATED",
        25.98,
        "USD",
    )

    order_id = answer["orderId"]
    outcome = jimmy.outcome(order_id)

    assert (outcome["status"], outcome["paymentStatus"]) == ("CONFIRMED", "SUCCESS")
    assert sight.charged(order_id) == (2598, 0)
    assert sight.stock(bowl) == (3, 0, 2)
    assert sight.row("Reservations", orderId=order_id)["status"] == "COMMITTED"
    until(jimmy.cart, lambda cart: cart == [], 20)


def test_everybody_hears_of_a_purchase_who_should(jimmy, bowl, sight, admin):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"

    number = order_id.removeprefix("ORDER#")
    assert "confirmed" in sight.mail(jimmy.email, f"{number} is confirmed")
    assert "25.98" in sight.mail(jimmy.email, "receipt")
    assert sight.mail("admin@", number)
    assert "2" in sight.mail("inventory@", number)
    assert sight.mail(jimmy.email, "Welcome")
    today = datetime.now(UTC).date().isoformat()
    until(lambda: sight.row("InventoryAudit", day=today, orderId=order_id), bool, 30)
    told = {"ORDER_CREATED", "ORDER_CONFIRMED", "ORDER_COMPLETED", "PAYMENT_SUCCEEDED"}
    logged = until(
        lambda: admin.events(jimmy.user_id),
        lambda rows: told <= {row["eventType"] for row in rows},
        30,
    )
    completed = [row for row in logged if row["eventType"] == "ORDER_COMPLETED"]
    assert [row["metadata"]["orderId"] for row in completed] == [order_id]


def test_a_purchase_adds_up_in_the_report(jimmy, bowl, admin):
    today = datetime.now(UTC).date().isoformat()
    before = admin.report(today)

    assert jimmy.outcome(jimmy.buy(bowl, 2))["status"] == "CONFIRMED"

    def grown(name, by, of=lambda row, name: row.get(name, 0)):
        until(
            lambda: admin.report(today),
            lambda row: of(row, name) >= round(of(before, name) + by, 2),
            60,
        )

    grown("ordersCompleted", 1)
    grown("unitsSold", 2)
    grown("USD", 25.98, of=lambda row, name: round(row.get("revenue", {}).get(name, 0), 2))


def test_an_order_without_the_cart_starts_its_own_checkout(jimmy, bowl, sight):
    order_id = jimmy.order(bowl, 1, paymentMethod="pm_card_visa")

    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (1299, 0)
    assert sight.stock(bowl) == (4, 0, 1)


def test_an_order_without_a_payment_method_waits_until_it_is_paid(jimmy, bowl, sight):
    order_id = jimmy.order(bowl, 1)
    assert jimmy.next_action(order_id)["clientSecret"]
    assert sight.stock(bowl) == (4, 1, 0)

    ok(jimmy.check_out("pm_card_visa", orderId=order_id), 202)

    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (1299, 0)


def test_a_declined_card_leaves_nothing_behind_but_the_reason(jimmy, bowl, sight):
    order_id = jimmy.buy(bowl, 1, "pm_card_chargeDeclined")

    outcome = jimmy.outcome(order_id)

    assert outcome["status"] == "FAILED"
    assert "declined" in outcome["reason"]
    assert sight.charged(order_id) == (0, 0)
    assert sight.stock(bowl) == (5, 0, 0)
    assert "declined" in sight.mail(jimmy.email, order_id.removeprefix("ORDER#"))
    assert [line["productId"] for line in jimmy.cart()] == [bowl]


def test_after_a_decline_the_same_cart_can_be_paid_with_another_card(jimmy, bowl, sight):
    declined = jimmy.buy(bowl, 1, "pm_card_chargeDeclined")
    assert jimmy.outcome(declined)["status"] == "FAILED"

    paid = ok(jimmy.check_out("pm_card_visa"), 202)["orderId"]

    assert paid != declined
    assert jimmy.outcome(paid)["status"] == "CONFIRMED"
    assert sight.stock(bowl) == (4, 0, 1)


def test_what_is_sold_out_is_said_at_once(jimmy, bowl, sight):
    jimmy.put_in_cart(bowl, 6)

    refused = jimmy.check_out("pm_card_visa")

    assert (refused.status_code, refused.json()["Code"]) == (409, "OutOfStock")
    assert sight.stock(bowl) == (5, 0, 0)


def test_the_last_pieces_are_sold_once_however_many_want_them(customer, bowl, sight):
    people = [customer() for _ in range(6)]
    for person in people:
        person.put_in_cart(bowl, 2)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda person: person.check_out("pm_card_visa"), people))
    started = [
        (person, answer.json()["orderId"])
        for person, answer in zip(people, answers, strict=True)
        if answer.status_code == 202
    ]
    outcomes = [person.outcome(order_id, 90)["status"] for person, order_id in started]

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert outcomes.count("CONFIRMED") == 2
    assert set(outcomes) <= {"CONFIRMED", "FAILED"}
    assert sight.stock(bowl) == (1, 0, 4)
    charges = [sight.charged(order_id) for _, order_id in started]
    assert sorted(charges)[-2:] == [(2598, 0), (2598, 0)]
    assert all(captured == refunded for captured, refunded in sorted(charges)[:-2])


def test_a_double_click_buys_once(jimmy, bowl, sight):
    jimmy.put_in_cart(bowl, 1)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: jimmy.check_out("pm_card_visa"), range(4)))

    # A click that comes after the purchase finds the cart empty.
    late = [answer.json()["Code"] for answer in answers if answer.status_code != 202]
    assert set(late) <= {"CartEmpty"}
    (order_id,) = {answer.json()["orderId"] for answer in answers if answer.status_code == 202}
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"
    assert [order["orderId"] for order in ok(jimmy.http.get("/orders"))] == [order_id]
    assert sight.stock(bowl) == (4, 0, 1)


def test_a_repeated_checkout_with_a_key_gives_the_same_order_even_after_the_cart_is_cleared(
    jimmy, bowl, sight
):
    key = uuid.uuid4().hex
    jimmy.put_in_cart(bowl, 1)
    first = ok(jimmy.check_out("pm_card_visa", key), 202)["orderId"]
    assert jimmy.outcome(first)["status"] == "CONFIRMED"
    until(jimmy.cart, lambda cart: cart == [], 20)

    assert ok(jimmy.check_out("pm_card_visa", key), 202)["orderId"] == first
    other = jimmy.check_out("pm_card_mastercard", key)
    assert (other.status_code, other.json()["Code"]) == (422, "IdempotencyKeyReused")
    assert sight.charged(first) == (1299, 0)


def test_a_price_that_is_not_the_expected_one_stops_the_purchase(jimmy, bowl, sight):
    jimmy.put_in_cart(bowl, 1)

    refused = jimmy.check_out("pm_card_visa", expectedTotal=11.99)

    assert (refused.status_code, refused.json()["Code"]) == (409, "PriceChanged")
    assert sight.stock(bowl) == (5, 0, 0)


def test_an_order_cancelled_while_it_waits_for_payment_frees_its_stock(jimmy, bowl, sight):
    order_id = jimmy.order(bowl, 2)
    jimmy.next_action(order_id)

    assert ok(jimmy.cancel(order_id))["status"] == "CANCELLED"

    until(lambda: sight.stock(bowl), lambda stock: stock == (5, 0, 0), 30)
    assert jimmy.progress(order_id)["status"] == "CANCELLED"
    refused = jimmy.check_out("pm_card_visa", orderId=order_id)
    assert (refused.status_code, sight.charged(order_id)) == (409, (0, 0))


def test_a_confirmed_order_cannot_be_cancelled(jimmy, bowl):
    order_id = jimmy.buy(bowl)
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"

    refused = jimmy.cancel(order_id)

    assert (refused.status_code, refused.json()["Code"]) == (409, "OrderAlreadyConfirmed")


def test_nobody_sees_or_pays_or_cancels_what_others_ordered(jimmy, customer, bowl):
    order_id, stranger = jimmy.order(bowl), customer()

    answers = [
        stranger.http.get(f"/checkout/{order_id.replace('#', '%23')}"),
        stranger.http.get(f"/order/{order_id.replace('#', '%23')}"),
        stranger.cancel(order_id),
        stranger.check_out("pm_card_visa", orderId=order_id),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


def test_an_empty_cart_buys_nothing(jimmy):
    refused = jimmy.check_out("pm_card_visa")

    assert (refused.status_code, refused.json()["Code"]) == (409, "CartEmpty")
