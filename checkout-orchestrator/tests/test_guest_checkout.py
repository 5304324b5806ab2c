"""Guests check out with a cart and an address, and open their order by its token."""

import pytest
from chalice.local import LambdaEventConverter
from tests.checkout_shop import BOWL, ORDER, VALIDATE
from tests.lambda_fakes import LambdaError

from chalicelib.payments.errors import PaymentDeclined
from common import clock, events
from common.ids import owner_of_guest_cart
from testkit import sent_mails
from testkit.resources import table
from testkit.tokens import JIMMY

CANCEL = "order-service-local-cancel-order"
SECRET, OTHER_SECRET = "s" * 43, "t" * 43
GUEST = owner_of_guest_cart(SECRET)
TOKEN, OTHER_TOKEN = "o" * 43, "p" * 43


@pytest.fixture
def guest(shop):
    """Fill a guest's cart: check out with it."""
    return Guest(shop)


class Guest:
    """The holder of a guest cart's secret."""

    def __init__(self, shop, secret=SECRET):
        self.shop, self.secret, self.user_id = shop, secret, owner_of_guest_cart(secret)
        self.put_cart()
        shop.fill_cart(self.user_id)

    def put_cart(self, **more):
        known = {"status": "OPEN", "expiresAt": clock.epoch() + 1000, **more}
        table("Carts").put_item(Item={"userId": self.user_id, "productId": "KEY#GUEST", **known})

    def check_out(self, key=None, **body):
        headers = {"X-Guest-Cart": self.secret} | ({"Idempotency-Key": key} if key else {})
        known = {"email": "Gina@Example.com", "paymentMethod": "pm_card_visa"}
        return self.shop.api.post("/checkout/guest", {**known, **body}, headers=headers)

    def order(self, order_id=ORDER, token=TOKEN):
        headers = {} if token is None else {"X-Order-Token": token}
        return self.shop.api.get(f"/checkout/guest/{order_id.split('#')[1]}", headers=headers)

    def cancel(self, order_id=ORDER, token=TOKEN):
        headers = {} if token is None else {"X-Order-Token": token}
        path = f"/checkout/guest/{order_id.split('#')[1]}/cancel"
        return self.shop.api.post(path, headers=headers)


@pytest.fixture
def guests_order(shop):
    """A paid order of a guest."""
    known = {"guestEmail": "gina@example.com", "orderToken": TOKEN, "orderNumber": "251013-1-2"}
    return shop.add_order(user_id=GUEST, status="CONFIRMED", **known)


def error(response):
    return response.status_code, response.json_body["Code"]


def test_a_guests_cart_is_ordered_and_its_saga_started(shop, guest):
    answer = guest.check_out()

    assert answer.status_code == 202, answer.json_body
    order_id = answer.json_body["orderId"]
    assert answer.json_body == {
        "orderId": order_id,
        "status": "CREATED",
        "totalAmount": 25.98,
        "currency": "USD",
        "orderToken": shop.order(order_id)["orderToken"],
    }
    (step,) = shop.lambda_fakes.called(VALIDATE)
    assert (step["userId"], step["guestEmail"]) == (GUEST, "gina@example.com")
    assert [line["productId"] for line in step["items"]] == [BOWL]
    (saga,) = shop.executions()
    assert (saga["userId"], set(saga)) == (GUEST, {"name", "orderId", "userId", "correlationId"})


def test_a_repeat_is_the_same_order_and_gets_the_same_token(guest):
    assert guest.check_out().json_body == guest.check_out().json_body
    assert guest.check_out("key-1").json_body == guest.check_out("key-1").json_body


def test_another_address_is_another_order_and_replaces_the_unpaid_one(shop, guest):
    first = guest.check_out(paymentMethod=None).json_body["orderId"]
    second = guest.check_out(paymentMethod=None, email="other@example.com").json_body["orderId"]

    assert first != second
    assert [shop.order(each)["status"] for each in (first, second)] == ["CANCELLED", "CREATED"]


def test_a_guest_pays_an_order_that_waits(shop, guest):
    order_id = guest.check_out(paymentMethod=None).json_body["orderId"]

    assert guest.check_out(orderId=order_id).status_code == 202
    assert error(Guest(shop, OTHER_SECRET).check_out(orderId=order_id)) == (404, "OrderNotFound")


@pytest.mark.parametrize(
    ("cart", "expected"),
    [
        ({"status": "MERGED"}, (410, "GuestCartMerged")),
        ({"expiresAt": 1}, (404, "CartNotFound")),
    ],
)
def test_a_closed_cart_is_not_ordered(shop, guest, cart, expected):
    guest.put_cart(**cart)

    assert error(guest.check_out()) == expected
    assert shop.executions() == []


def test_an_unknown_secret_orders_nothing(guest):
    guest.secret = "x" * 43

    assert error(guest.check_out()) == (404, "CartNotFound")
    guest.secret = ""
    assert error(guest.check_out()) == (400, "GuestCartMissing")


@pytest.mark.parametrize("email", ["gina", "gina@", "gina@example.com, a@b.example", "é@b.example"])
def test_an_order_needs_an_address_for_its_notices(guest, email):
    refused = guest.check_out(email=email)

    assert error(refused) == (400, "InvalidBody")
    assert "email: expected" in refused.json_body["Message"]


def test_the_token_opens_the_order_without_addresses(shop, guest, guests_order):
    shipment = {"shipmentId": "SHIP#1", "carrier": "DHL", "status": "SHIPPED", "items": []}
    shop.set_order_status(guests_order, "CONFIRMED", shipments=[shipment])

    answer = guest.order()

    assert answer.status_code == 200, answer.json_body
    assert answer.json_body["orderNumber"] == "251013-1-2"
    assert answer.json_body["items"] == [
        {"productId": BOWL, "name": "Protein Bowl", "qty": 2, "lineTotal": 25.98}
    ]
    assert answer.json_body["shipments"][0]["carrier"] == "DHL"
    assert "example.com" not in str(answer.json_body)


@pytest.mark.parametrize("token", [OTHER_TOKEN, None, "", TOKEN[:-1], TOKEN.upper(), "None"])
def test_any_other_token_is_told_what_an_unknown_order_is(guest, guests_order, token):
    refused, unknown = guest.order(token=token), guest.order("ORDER#unknown", token)

    assert error(refused) == error(unknown) == (404, "OrderNotFound")
    assert refused.json_body == unknown.json_body


def test_a_token_opens_no_other_order(shop, guest, guests_order):
    shop.add_order("ORDER#2", user_id=GUEST, orderToken=OTHER_TOKEN)
    shop.add_order("ORDER#3")  # a customer's has none

    for other in ("ORDER#2", "ORDER#3"):
        assert error(guest.order(other)) == (404, "OrderNotFound")
    assert error(guest.order("ORDER#3", token="")) == (404, "OrderNotFound")


def test_no_customer_sees_a_guests_order(shop, jimmy, guests_order):
    refused = shop.api.get(f"/checkout/{guests_order.split('#')[1]}", token=jimmy)

    assert error(refused) == (404, "OrderNotFound")


def done(order_id):
    return events.create(
        events.OrderDone,
        order_id=order_id,
        user_id=GUEST,
        items=[events.Line(BOWL, 2)],
        total_amount=25.98,
        currency="USD",
        payment_id="PAY#1",
    )


def test_the_receipt_has_a_link_that_opens_the_order(shop, guests_order):
    shop.api.sqs("on-order-done-receipt", [events.to_message(done(guests_order))])

    (mail,) = sent_mails.list_mails()
    assert mail.to == "gina@example.com"
    assert f"https://shop.example/orders/{ORDER.split('#')[1]}#token={TOKEN}" in mail.text
    (row,) = shop.notifications()
    assert TOKEN not in str(row)
    assert "gina" not in str(row)


def test_a_guest_is_mailed_the_confirmation_of_a_paid_order(shop, guests_order):
    step = {"userId": GUEST, "kind": "ORDER_CONFIRMED", "orderId": guests_order}
    shop.api.invoke("send-notification", step)
    shop.api.invoke("send-notification", step)

    (mail,) = sent_mails.list_mails()
    assert (mail.to, mail.subject) == ("gina@example.com", "Order confirmed")
    assert "Hello" in mail.text


@pytest.mark.parametrize("kind", ["ORDER_FAILED", "ORDER_CANCELLED"])
def test_nothing_is_mailed_about_a_guests_order_that_was_not_paid(shop, guests_order, kind):
    shop.set_order_status(guests_order, "FAILED")

    step = {"userId": GUEST, "kind": kind, "orderId": guests_order}
    assert shop.api.invoke("send-notification", step)["status"] == "UNREACHABLE"
    assert sent_mails.list_mails() == []


def test_an_order_that_joined_is_mailed_to_its_account(shop, guests_order):
    shop.add_customer("USER#01GINA", "gina@example.com", "Gina")
    joined = {"userId": "USER#01GINA", "guestId": GUEST}
    shop.set_order_status(guests_order, "CONFIRMED", **joined)

    shop.api.sqs("on-order-done-receipt", [events.to_message(done(guests_order))])

    (mail,) = sent_mails.list_mails()
    assert (mail.to, TOKEN in mail.text) == ("gina@example.com", False)


# Cancelling


@pytest.fixture
def cancelling(shop):
    """order-service cancels what it is asked to."""

    def cancel(step):
        shop.set_order_status(step["orderId"], "CANCELLING")
        return {"orderId": step["orderId"], "status": "CANCELLING"}

    shop.lambda_fakes.answers[CANCEL] = cancel


def test_the_token_cancels_the_order(shop, guest, guests_order, cancelling):
    assert guest.cancel().json_body["status"] == "CANCELLING"
    assert guest.cancel().status_code == 200
    assert [step["orderId"] for step in shop.lambda_fakes.called(CANCEL)] == [ORDER, ORDER]


@pytest.mark.parametrize("token", [OTHER_TOKEN, None, "", TOKEN[:-1]])
def test_another_token_cancels_nothing(shop, guest, guests_order, cancelling, token):
    assert error(guest.cancel(token=token)) == (404, "OrderNotFound")
    assert shop.lambda_fakes.called(CANCEL) == []


@pytest.mark.parametrize(
    ("raised", "expected"),
    [
        ("OrderAlreadyShipped", (409, "OrderAlreadyShipped")),
        ("OrderAlreadyEnded", (409, "OrderAlreadyEnded")),
        ("OrderDisputed", (409, "OrderDisputed")),
        ("OrderContended", (503, "OrderContended")),
        ("KeyError", (503, "OrderServiceUnavailable")),
    ],
)
def test_why_an_order_is_not_cancelled_is_told(shop, guest, guests_order, raised, expected):
    def fail(step):
        raise LambdaError(raised)

    shop.lambda_fakes.answers[CANCEL] = fail

    assert error(guest.cancel()) == expected


# Limits


def test_an_address_with_many_orders_waits(shop, guest):
    def fail(step):
        raise LambdaError("TooManyGuestOrders", "email: order again in 300 seconds")

    shop.lambda_fakes.answers[VALIDATE] = fail
    refused = guest.check_out()

    assert (error(refused), refused.headers["Retry-After"]) == ((429, "TooManyGuestOrders"), "300")


def test_order_service_counts_the_source_of_guests_alone(shop, guest, jimmy):
    shop.fill_cart()
    guest.check_out()
    shop.api.post("/checkout", {}, token=jimmy)

    sources = [step.get("guestSource") for step in shop.lambda_fakes.called(VALIDATE)]
    assert sources == ["127.0.0.1", None]


@pytest.mark.parametrize("brings_card", [True, False])
def test_a_new_cart_does_not_reset_the_declined_cards_of_its_source(shop, monkeypatch, brings_card):
    """Also where the client confirms the cards at the gateway by itself."""
    monkeypatch.setenv("DECLINES_PER_SOURCE", "5")
    method = "pm_card_chargeDeclined" if brings_card else None
    for number in range(5):
        guest = Guest(shop, str(number) * 43)
        order_id = guest.check_out(paymentMethod=method).json_body["orderId"]
        with pytest.raises(PaymentDeclined):
            shop.charge(order_id, "pm_card_chargeDeclined", userId=guest.user_id)

    refused = Guest(shop).check_out()

    assert error(refused) == (429, "TooManyDeclines")
    monkeypatch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", "192.0.2.2")
    assert Guest(shop).check_out().status_code == 202


# After the order has joined an account


def join(shop, order_id):
    row = {**shop.order(order_id), "userId": JIMMY, "guestId": GUEST}
    row.pop("guestEmail")
    table("Orders").put_item(Item=row)


def test_the_token_opens_an_order_that_joined(shop, guest, guests_order):
    join(shop, guests_order)

    assert guest.order().status_code == 200
    assert error(guest.order(token=OTHER_TOKEN)) == (404, "OrderNotFound")


def test_the_account_opens_an_order_that_joined(shop, jimmy, guests_order):
    join(shop, guests_order)

    assert shop.api.get(f"/checkout/{guests_order.split('#')[1]}", token=jimmy).status_code == 200


def test_a_deleted_account_leaves_no_text_about_orders_that_joined(shop, guests_order):
    shop.api.sqs("on-order-done-receipt", [events.to_message(done(guests_order))])
    other = {**shop.notifications()[0], "notificationId": "NOTIF#2", "orderId": "ORDER#2"}
    table("Notifications").put_item(Item=other)
    join(shop, guests_order)

    shop.api.sqs("on-account-deleted", [events.to_message(events.account_deleted(JIMMY))])

    texts = {row["orderId"]: row["message"] for row in shop.notifications()}
    assert texts == {guests_order: "(erased)", "ORDER#2": other["message"]}


def test_notices_from_before_an_order_joined_count_for_the_reconciliation(
    shop, records, guests_order
):
    shop.api.invoke(
        "send-notification", {"userId": GUEST, "kind": "ORDER_CONFIRMED", "orderId": guests_order}
    )
    join(shop, guests_order)

    report = shop.api.invoke("reconcile", {"orderIds": [guests_order], "settle": 0})

    assert "NotNotified" not in {each["kind"] for each in report["discrepancies"]}
