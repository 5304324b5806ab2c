import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

from tests.support.actors import PASSWORD, ok, poll_until


def test_a_cart_is_bought(jimmy, bowl, probe):
    jimmy.add_to_cart(bowl, 2)
    answer = ok(jimmy.check_out("pm_card_visa"), 202)
    assert (answer["status"], answer["totalAmount"], answer["currency"]) == (
        "CREATED",
        25.98,
        "USD",
    )

    order_id = answer["orderId"]
    outcome = jimmy.await_outcome(order_id)

    assert (outcome["status"], outcome["paymentStatus"]) == ("CONFIRMED", "SUCCESS")
    assert probe.charged(order_id) == (2598, 0)
    assert probe.stock(bowl) == (3, 0, 2)
    assert probe.row("Reservations", orderId=order_id)["status"] == "COMMITTED"
    poll_until(jimmy.get_cart, lambda cart: cart == [], 20)


def test_a_purchase_notifies_everybody_concerned(jimmy, bowl, probe, admin):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"

    number = probe.order_number(order_id)
    assert "confirmed" in probe.await_mail(jimmy.email, f"{number} is confirmed")
    assert "25.98" in probe.await_mail(jimmy.email, "receipt")
    assert probe.await_mail("admin@", number)
    assert "2" in probe.await_mail("inventory@", number)
    today = datetime.now(UTC).date().isoformat()
    poll_until(lambda: probe.row("InventoryAudit", day=today, orderId=order_id), bool, 30)
    expected = {"ORDER_CREATED", "ORDER_CONFIRMED", "ORDER_COMPLETED", "PAYMENT_SUCCEEDED"}
    logged = poll_until(
        lambda: admin.list_events(jimmy.user_id),
        lambda rows: expected <= {row["eventType"] for row in rows},
        30,
    )
    completed = [row for row in logged if row["eventType"] == "ORDER_COMPLETED"]
    assert [row["metadata"]["orderId"] for row in completed] == [order_id]


def test_the_team_lists_a_purchase_and_is_mailed_its_day(jimmy, bowl, admin, probe):
    order_id = jimmy.buy(bowl)

    for audience, subject in (
        ("admin", "An order was paid"),
        ("inventory", "An order is to be picked"),
    ):
        query = {"audience": audience, "limit": 100}
        rows = poll_until(
            lambda query=query: [
                row
                for row in ok(admin.http.get("/notifications", params=query))
                if row.get("orderId") == order_id
            ],
            bool,
            30,
        )
        assert [row["subject"] for row in rows] == [subject]

    today = datetime.now(UTC).date().isoformat()
    probe.invoke("checkout-orchestrator-local-send-digest", {"day": today})
    assert "Orders to pick" in probe.await_mail("admin@", f"The shop on {today}")


def test_a_customer_is_welcomed_once_the_address_is_proved(jimmy, probe):
    mail = probe.await_mail(jimmy.email, "email/verify#")
    (token,) = set(re.findall(r"#token=([\w.~-]+)", mail))  # the link and its text
    proof = {"token": token, "password": PASSWORD}
    ok(jimmy.http.post("/user/email/verify", json=proof))

    assert "Jimmy" in probe.await_mail(jimmy.email, "Welcome")


def test_a_purchase_adds_up_in_the_report(jimmy, bowl, admin):
    today = datetime.now(UTC).date().isoformat()
    before = admin.get_report(today)

    assert jimmy.await_outcome(jimmy.buy(bowl, 2))["status"] == "CONFIRMED"

    def await_growth(name, by, of=lambda row, name: row.get(name, 0)):
        poll_until(
            lambda: admin.get_report(today),
            lambda row: of(row, name) >= round(of(before, name) + by, 2),
            60,
        )

    await_growth("ordersCompleted", 1)
    await_growth("unitsSold", 2)
    await_growth("USD", 25.98, of=lambda row, name: round(row.get("revenue", {}).get(name, 0), 2))


def test_an_order_without_the_cart_starts_its_own_checkout(jimmy, bowl, probe):
    order_id = jimmy.order(bowl, 1, paymentMethod="pm_card_visa")

    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (1299, 0)
    assert probe.stock(bowl) == (4, 0, 1)


def test_an_order_without_a_payment_method_waits_until_it_is_paid(jimmy, bowl, probe):
    order_id = jimmy.order(bowl, 1)
    assert jimmy.await_next_action(order_id)["clientSecret"]
    assert probe.stock(bowl) == (4, 1, 0)

    ok(jimmy.check_out("pm_card_visa", orderId=order_id), 202)

    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (1299, 0)


def test_a_declined_card_leaves_nothing_but_the_reason(jimmy, bowl, probe):
    order_id = jimmy.buy(bowl, 1, "pm_card_chargeDeclined")

    outcome = jimmy.await_outcome(order_id)

    assert outcome["status"] == "FAILED"
    assert "declined" in outcome["reason"]
    assert probe.charged(order_id) == (0, 0)
    assert probe.stock(bowl) == (5, 0, 0)
    assert "declined" in probe.await_mail(jimmy.email, probe.order_number(order_id))
    assert [line["productId"] for line in jimmy.get_cart()] == [bowl]


def test_after_a_decline_the_same_cart_can_be_paid_with_another_card(jimmy, bowl, probe):
    declined = jimmy.buy(bowl, 1, "pm_card_chargeDeclined")
    assert jimmy.await_outcome(declined)["status"] == "FAILED"

    paid = ok(jimmy.check_out("pm_card_visa"), 202)["orderId"]

    assert paid != declined
    assert jimmy.await_outcome(paid)["status"] == "CONFIRMED"
    assert probe.stock(bowl) == (4, 0, 1)


def test_a_product_that_is_sold_out_is_rejected(jimmy, bowl, probe):
    jimmy.add_to_cart(bowl, 6)

    response = jimmy.check_out("pm_card_visa")

    assert (response.status_code, response.json()["Code"]) == (409, "OutOfStock")
    assert probe.stock(bowl) == (5, 0, 0)


def test_the_last_pieces_are_sold_once_to_any_crowd(customer, bowl, probe):
    shoppers = [customer() for _ in range(6)]
    for person in shoppers:
        person.add_to_cart(bowl, 2)

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda person: person.check_out("pm_card_visa"), shoppers))
    started = [
        (person, answer.json()["orderId"])
        for person, answer in zip(shoppers, answers, strict=True)
        if answer.status_code == 202
    ]
    outcomes = [person.await_outcome(order_id, 90)["status"] for person, order_id in started]

    assert {answer.status_code for answer in answers} <= {202, 409}
    assert outcomes.count("CONFIRMED") == 2
    assert set(outcomes) <= {"CONFIRMED", "FAILED"}
    assert probe.stock(bowl) == (1, 0, 4)
    charges = [probe.charged(order_id) for _, order_id in started]
    assert sorted(charges)[-2:] == [(2598, 0), (2598, 0)]
    assert all(captured == refunded for captured, refunded in sorted(charges)[:-2])


def test_a_double_click_buys_once(jimmy, bowl, probe):
    jimmy.add_to_cart(bowl, 1)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: jimmy.check_out("pm_card_visa"), range(4)))

    # A click that comes after the purchase finds the cart empty.
    late = [answer.json()["Code"] for answer in answers if answer.status_code != 202]
    assert set(late) <= {"CartEmpty"}
    (order_id,) = {answer.json()["orderId"] for answer in answers if answer.status_code == 202}
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    assert [order["orderId"] for order in ok(jimmy.http.get("/orders"))] == [order_id]
    assert probe.stock(bowl) == (4, 0, 1)


def test_a_repeated_checkout_with_a_key_returns_the_same_order(jimmy, bowl, probe):
    key = uuid.uuid4().hex
    jimmy.add_to_cart(bowl, 1)
    first = ok(jimmy.check_out("pm_card_visa", key), 202)["orderId"]
    assert jimmy.await_outcome(first)["status"] == "CONFIRMED"
    poll_until(jimmy.get_cart, lambda cart: cart == [], 20)

    assert ok(jimmy.check_out("pm_card_visa", key), 202)["orderId"] == first
    other = jimmy.check_out("pm_card_mastercard", key)
    assert (other.status_code, other.json()["Code"]) == (422, "IdempotencyKeyReused")
    assert probe.charged(first) == (1299, 0)


def test_a_checkout_with_another_total_than_expected_is_rejected(jimmy, bowl, probe):
    jimmy.add_to_cart(bowl, 1)

    response = jimmy.check_out("pm_card_visa", expectedTotal=11.99)

    assert (response.status_code, response.json()["Code"]) == (409, "PriceChanged")
    assert probe.stock(bowl) == (5, 0, 0)


def test_cancelling_an_unpaid_order_releases_its_stock(jimmy, bowl, probe):
    order_id = jimmy.order(bowl, 2)
    jimmy.await_next_action(order_id)

    assert ok(jimmy.cancel(order_id))["status"] == "CANCELLED"

    poll_until(lambda: probe.stock(bowl), lambda stock: stock == (5, 0, 0), 30)
    assert jimmy.get_checkout(order_id)["status"] == "CANCELLED"
    response = jimmy.check_out("pm_card_visa", orderId=order_id)
    assert (response.status_code, probe.charged(order_id)) == (409, (0, 0))


def test_an_order_is_hidden_from_other_customers(jimmy, customer, bowl):
    order_id, stranger = jimmy.order(bowl), customer()

    answers = [
        stranger.http.get(f"/checkout/{order_id.replace('#', '%23')}"),
        stranger.http.get(f"/order/{order_id.replace('#', '%23')}"),
        stranger.cancel(order_id),
        stranger.check_out("pm_card_visa", orderId=order_id),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4


def test_an_empty_cart_is_rejected(jimmy):
    response = jimmy.check_out("pm_card_visa")

    assert (response.status_code, response.json()["Code"]) == (409, "CartEmpty")
