"""One cart, several checkouts: nothing is bought or charged twice."""

import pytest
from tests.checkout_shop import BOWL, FAIL, RELEASE, VALIDATE
from tests.lambda_fakes import LambdaError

from common import ids

SHAKE = "PROD#01SHAKE"
CHALLENGED = "pm_card_threeDSecure2Required"
LATER = "2026-01-01T00:00:00.000Z"


def check_out(shop, token, payment_method="pm_card_visa", key=None):
    body = {"paymentMethod": payment_method} if payment_method else {}
    headers = {"Idempotency-Key": key} if key else {}
    return shop.api.post("/checkout", body, token=token, headers=headers)


def order_of(response):
    assert response.status_code == 202, response.json_body
    return response.json_body["orderId"]


def error_of(response):
    return response.status_code, response.json_body["Code"]


def items_of(shop, order_id):
    return {row["productId"]: row["qty"] for row in shop.order(order_id)["items"]}


@pytest.fixture
def first(shop, jimmy):
    """A checkout of two bowls that waits for 3-D Secure."""
    shop.fill_cart()
    order_id = order_of(check_out(shop, jimmy, CHALLENGED, key="first"))
    shop.charge(order_id, CHALLENGED)
    return order_id


@pytest.mark.parametrize("key", ["second", None])
def test_a_new_checkout_of_a_changed_cart_supersedes_the_unpaid(shop, jimmy, first, key):
    shop.fill_cart(updated_at=LATER, **{BOWL: 3})

    second = order_of(check_out(shop, jimmy, key=key))

    assert (shop.order(first)["status"], shop.order(second)["status"]) == ("CANCELLED", "CREATED")
    assert "replaced" in shop.order(first)["reason"]
    assert shop.payment(f"PAY#{ids.suffix(first)}")["status"] == "VOIDED"
    assert [intent["status"] for intent in shop.intents()] == ["canceled"]
    assert [step["orderId"] for step in shop.lambda_fakes.called(RELEASE)] == [first]


def test_a_superseded_order_is_charged_by_nobody(shop, jimmy, first):
    order_of(check_out(shop, jimmy, key="second"))

    refused = shop.api.post(
        "/checkout", {"orderId": first, "paymentMethod": "pm_card_visa"}, token=jimmy
    )

    assert error_of(refused) == (409, "OrderNotPayable")
    with pytest.raises(Exception, match="replaced"):
        shop.charge(first, "pm_card_visa")
    assert shop.charged() == (0, 0)


def test_an_order_whose_payment_has_not_begun_is_superseded(shop, jimmy):
    shop.fill_cart()
    first = order_of(check_out(shop, jimmy, key="first"))

    order_of(check_out(shop, jimmy, key="second"))

    with pytest.raises(Exception, match="replaced"):
        shop.charge(first)
    assert shop.charged() == (0, 0)


def test_while_an_order_is_being_charged_no_other_is_placed(shop, jimmy):
    shop.fill_cart()
    first = order_of(check_out(shop, jimmy, key="first"))
    shop.break_gateway("confirm")
    with pytest.raises(Exception, match="gateway"):
        shop.charge(first)
    shop.restore_gateway()

    assert error_of(check_out(shop, jimmy, key="second")) == (409, "PaymentInProgress")
    assert shop.order(first)["status"] == "CREATED"


def test_a_payment_that_came_just_now_keeps_its_order(shop, jimmy, first):
    shop.complete_challenge("approve")  # and its webhook is late

    assert error_of(check_out(shop, jimmy, key="second")) == (409, "PaymentInProgress")
    assert shop.charge(first, CHALLENGED)["status"] == "SUCCESS"
    assert shop.charged() == (2598, 0)


def test_an_order_that_is_confirmed_meanwhile_is_not_replaced(shop, jimmy, first):
    def confirm(step):
        shop.set_order_status(first, "CONFIRMED")
        return shop.fail(step)

    shop.lambda_fakes.answers[FAIL] = confirm

    assert error_of(check_out(shop, jimmy, key="second")) == (409, "PaymentInProgress")
    assert len(shop.lambda_fakes.called(VALIDATE)) == 1


def test_what_is_bought_is_not_bought_again_before_the_cart_is_cleared(shop, jimmy, first):
    shop.set_order_status(first, "CONFIRMED")
    shop.fill_cart(updated_at=LATER, **{BOWL: 3, SHAKE: 1})

    second = order_of(check_out(shop, jimmy, key="second"))

    assert items_of(shop, second) == {BOWL: 1, SHAKE: 1}


@pytest.mark.parametrize("key", ["second", None])
def test_a_cart_that_is_bought_has_nothing_left_to_buy(shop, jimmy, first, key):
    shop.set_order_status(first, "CONFIRMED")
    shop.fill_cart(updated_at=LATER)

    assert error_of(check_out(shop, jimmy, key=key)) == (409, "CartEmpty")


def test_what_was_put_into_a_cleared_cart_is_bought_whole(shop, jimmy, first):
    shop.set_order_status(first, "CONFIRMED")
    shop.clear_cart_of(first, **{BOWL: 2})

    assert items_of(shop, order_of(check_out(shop, jimmy, key="second"))) == {BOWL: 2}


def test_what_was_put_into_the_cart_after_the_order_stays_in_it(shop, jimmy, first):
    shop.set_order_status(first, "CONFIRMED")
    shop.fill_cart(updated_at="2099-01-01T00:00:00.000Z")

    assert items_of(shop, order_of(check_out(shop, jimmy, key="second"))) == {BOWL: 2}


def test_an_order_of_a_list_is_left_alone(shop, jimmy):
    shop.add_order()
    shop.remember_order("ORDER#01JA0000000000000000000001", from_cart=False)
    shop.fill_cart()

    order_of(check_out(shop, jimmy, key="second"))

    assert shop.order("ORDER#01JA0000000000000000000001")["status"] == "CREATED"


def test_a_repeat_does_not_supersede_itself(shop, jimmy, first):
    assert order_of(check_out(shop, jimmy, CHALLENGED, key="first")) == first
    assert shop.order(first)["status"] == "CREATED"


def test_an_old_order_of_the_cart_that_cannot_be_ended_is_503(shop, jimmy, first):
    def break_down(step):
        raise LambdaError("KeyError")

    shop.lambda_fakes.answers[FAIL] = break_down

    refused = check_out(shop, jimmy, key="second")

    assert error_of(refused) == (503, "OrderServiceUnavailable")
    assert len(shop.lambda_fakes.called(VALIDATE)) == 1


def test_a_pause_is_told_with_its_length(shop, jimmy):
    shop.fill_cart()

    def pause(step):

        raise LambdaError(
            "TooManyExpiredOrders", "several orders expired; order again in 90 seconds"
        )

    shop.lambda_fakes.answers[VALIDATE] = pause

    refused = check_out(shop, jimmy)

    assert error_of(refused) == (429, "TooManyExpiredOrders")
    assert refused.headers["Retry-After"] == "90"
