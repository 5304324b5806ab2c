from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.checkout_shop import BOWL, ORDER, VALIDATE
from tests.lambda_fakes import LambdaError

from common import events
from testkit.resources import table
from testkit.tokens import JIMMY


def check_out(shop, token, body=None, key=None):
    headers = {"Idempotency-Key": key} if key else {}
    return shop.api.post(
        "/checkout", {"paymentMethod": "pm_card_visa"} | (body or {}), token=token, headers=headers
    )


def test_what_is_in_the_cart_is_ordered_and_its_saga_started(shop, jimmy):
    shop.fill_cart()

    answer = check_out(shop, jimmy)

    assert answer.status_code == 202
    order_id = answer.json_body["orderId"]
    assert answer.json_body == {
        "orderId": order_id,
        "status": "CREATED",
        "totalAmount": 25.98,
        "currency": "USD",
    }
    (step,) = shop.lambda_fakes.called(VALIDATE)
    taken = {"productId": BOWL, "qty": 2, "addedAt": "2025-10-13T14:00:00.000Z"}
    assert step["items"] == [taken]
    assert (step["userId"], step["paymentMethod"], step["method"]) == (
        JIMMY,
        "pm_card_visa",
        "CARD",
    )
    assert shop.executions() == [
        {
            "name": order_id.removeprefix("ORDER#"),
            "orderId": order_id,
            "userId": JIMMY,
            "correlationId": shop.order(order_id)["correlationId"],
        }
    ]


def test_an_empty_cart_buys_nothing(shop, jimmy):
    refused = check_out(shop, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (409, "CartEmpty")
    assert shop.lambda_fakes.calls == []


def test_rows_of_the_cart_that_are_no_products_are_not_bought(shop, jimmy):
    shop.fill_cart(**{"KEY#ORDER#1": 1})

    assert check_out(shop, jimmy).json_body["Code"] == "CartEmpty"


def test_without_a_token_nobody_checks_out(shop):
    assert shop.api.post("/checkout", {}).status_code in (401, 403)


def test_a_double_click_buys_once(shop, jimmy):
    shop.fill_cart()

    first, second = check_out(shop, jimmy), check_out(shop, jimmy)

    assert first.json_body == second.json_body
    assert len(shop.executions()) == 1


def test_clicks_at_the_same_moment_buy_once(shop, jimmy):
    shop.fill_cart()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: check_out(shop, jimmy), range(4)))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json_body["orderId"] for answer in answers}) == 1
    assert len(shop.executions()) == 1


def test_a_click_before_the_cart_is_cleared_buys_nothing_more(shop, jimmy):
    shop.fill_cart()
    first = check_out(shop, jimmy).json_body["orderId"]
    shop.set_order_status(first, "CONFIRMED")

    again = check_out(shop, jimmy)

    assert (again.status_code, again.json_body["orderId"], again.json_body["status"]) == (
        202,
        first,
        "CONFIRMED",
    )


@pytest.mark.parametrize("ended", ["FAILED", "CANCELLED", "EXPIRED"])
def test_an_order_that_failed_frees_the_cart_for_another_try(shop, jimmy, ended):
    shop.fill_cart()
    first = check_out(shop, jimmy).json_body["orderId"]
    shop.set_order_status(first, ended)

    second = check_out(shop, jimmy, {"paymentMethod": "pm_card_mastercard"}).json_body["orderId"]

    assert second != first
    assert len(shop.executions()) == 2
    assert (
        check_out(shop, jimmy, {"paymentMethod": "pm_card_mastercard"}).json_body["orderId"]
        == second
    )


def test_the_same_goods_put_in_the_cart_anew_are_another_order(shop, jimmy):
    shop.fill_cart()
    first = check_out(shop, jimmy).json_body["orderId"]
    shop.set_order_status(first, "CONFIRMED")
    shop.fill_cart(updated_at="2099-10-14T09:00:00.000Z")

    assert check_out(shop, jimmy).json_body["orderId"] != first


def test_a_key_means_the_same_order_even_after_the_cart_is_cleared(shop, jimmy):
    shop.fill_cart()
    first = check_out(shop, jimmy, key="key-1").json_body["orderId"]
    shop.set_order_status(first, "CONFIRMED")
    shop.clear_cart()

    again = check_out(shop, jimmy, key="key-1")

    assert (again.status_code, again.json_body["orderId"], again.json_body["status"]) == (
        202,
        first,
        "CONFIRMED",
    )
    assert len(shop.lambda_fakes.called(VALIDATE)) == 1


def test_a_key_with_another_body_is_refused(shop, jimmy):
    shop.fill_cart()
    check_out(shop, jimmy, key="key-1")

    refused = check_out(shop, jimmy, {"paymentMethod": "pm_card_mastercard"}, key="key-1")

    assert (refused.status_code, refused.json_body["Code"]) == (422, "IdempotencyKeyReused")


def test_the_same_key_of_another_customer_is_another_order(shop, jimmy, tokens):
    shop.fill_cart()
    shop.fill_cart("USER#02")

    mine = check_out(shop, jimmy, key="key-1").json_body["orderId"]
    theirs = check_out(shop, tokens.customer("USER#02"), key="key-1").json_body["orderId"]

    assert mine != theirs


def test_a_repeat_starts_a_saga_that_a_crash_prevented(shop, jimmy, interceptor):
    shop.fill_cart()
    interceptor.fail_calls("stepfunctions", "StartExecution")

    assert check_out(shop, jimmy, key="key-1").status_code == 500
    assert shop.executions() == []
    assert check_out(shop, jimmy, key="key-1").status_code == 202
    assert len(shop.executions()) == 1


def test_order_created_starts_a_saga_that_a_crash_prevented(shop, jimmy, interceptor):
    shop.fill_cart()
    interceptor.fail_calls("stepfunctions", "StartExecution")
    check_out(shop, jimmy)
    order_id = shop.lambda_fakes.called(VALIDATE)[0]["orderId"]

    announced(shop, order_id)

    assert [one["orderId"] for one in shop.executions()] == [order_id]


@pytest.mark.parametrize("ended", [("FAILED", "OrderNotPayable"), ("CANCELLED", "OrderCancelled")])
@pytest.mark.parametrize("key", ["key-1", None])
def test_an_order_that_ended_before_its_response_is_returned(shop, jimmy, ended, key):
    """The response is lost, and the saga has failed the order by the retry."""
    shop.fill_cart()
    status, error = ended

    def lose_the_first_answer(step):
        shop.validate(step)
        shop.set_order_status(step["orderId"], status)
        raise LambdaError(error)

    shop.lambda_fakes.answers[VALIDATE] = lose_the_first_answer

    answer = check_out(shop, jimmy, key=key)

    assert (answer.status_code, answer.json_body["status"]) == (202, status)
    assert answer.json_body["orderId"] == shop.lambda_fakes.called(VALIDATE)[0]["orderId"]
    assert shop.executions() == []


def announced(shop, order_id):
    order = shop.order(order_id)
    event = events.create(
        events.OrderCreated,
        order_id=order_id,
        user_id=order["userId"],
        items=[events.Line(BOWL, 2)],
        total_amount="25.98",
        currency="USD",
        correlation_id=order["correlationId"],
    )
    shop.api.sqs("on-order-created", [events.to_message(event)])


def test_both_starters_start_the_same_saga(shop, jimmy):
    shop.fill_cart()
    order_id = check_out(shop, jimmy).json_body["orderId"]

    announced(shop, order_id)
    announced(shop, order_id)

    assert len(shop.executions()) == 1


@pytest.mark.parametrize(
    ("error", "status"),
    [
        ("OutOfStock", 409), ("PriceChanged", 409), ("ProductNotFound", 404), ("TooManyLines", 400),
        ("IdempotencyKeyReused", 422), ("QuantityTooLarge", 400), ("MixedCurrencies", 400),
        ("CouponOver", 409), ("CouponNotFound", 404), ("CouponNotApplicable", 409),
        ("ShippingMethodNotAvailable", 409), ("ShippingAddressRequired", 400),
        ("AccountGone", 401),
    ],
)  # fmt: skip
def test_errors_of_order_service_reach_the_customer(shop, jimmy, error, status):
    shop.fill_cart()

    def refuse(step):
        raise LambdaError(error, "not so")

    shop.lambda_fakes.answers[VALIDATE] = refuse

    refused = check_out(shop, jimmy)

    assert (refused.status_code, refused.json_body) == (
        status,
        {"Code": error, "Message": "not so"},
    )
    assert shop.executions() == []


def test_a_deleted_account_pays_no_waiting_order(shop, jimmy):
    shop.add_order()
    shop.delete_customer(JIMMY)

    refused = check_out(shop, jimmy, {"orderId": ORDER})

    assert (refused.status_code, refused.json_body["Code"]) == (401, "AccountGone")
    assert (shop.payment(), shop.executions()) == ({}, [])


def test_a_broken_order_service_is_not_the_customers_fault(shop, jimmy):
    shop.fill_cart()

    def crash(step):
        raise LambdaError("KeyError", "'secret'")

    shop.lambda_fakes.answers[VALIDATE] = crash

    refused = check_out(shop, jimmy)

    assert (refused.status_code, refused.json_body["Code"]) == (503, "OrderServiceUnavailable")
    assert "secret" not in refused.json_body["Message"]


def test_an_unreachable_order_service_is_retryable(shop, jimmy, interceptor):
    shop.fill_cart()
    interceptor.fail_calls("lambda", "Invoke")

    assert check_out(shop, jimmy).status_code == 503
    assert check_out(shop, jimmy).status_code == 202


def test_another_card_for_the_same_cart_pays_the_same_order(shop, jimmy):
    """The first one wants 3-D Secure, and the customer would rather take another."""
    shop.fill_cart()
    challenged = {"paymentMethod": "pm_card_threeDSecure2Required"}
    order_id = check_out(shop, jimmy, challenged).json_body["orderId"]
    shop.charge(order_id, "pm_card_threeDSecure2Required")

    answer = check_out(shop, jimmy)

    assert (answer.status_code, answer.json_body["orderId"]) == (202, order_id)
    assert shop.charged() == (2598, 0)


def test_an_outdated_total_is_refused_for_a_waiting_order(shop, jimmy):
    shop.add_order()

    refused = check_out(shop, jimmy, {"orderId": ORDER, "expectedTotal": 11.99})

    assert (refused.status_code, refused.json_body["Code"]) == (409, "PriceChanged")


def test_another_customers_order_does_not_exist(shop, tokens):
    shop.add_order()
    stranger = tokens.customer("USER#02STRANGER")

    assert check_out(shop, stranger, {"orderId": ORDER}).status_code == 404
    assert (
        shop.api.get("/checkout/ORDER%2301JA0000000000000000000001", token=stranger).status_code
        == 404
    )
    assert (
        check_out(shop, stranger, {"orderId": "ORDER#00000000000000000000000000"}).status_code
        == 404
    )


def test_an_admin_sees_a_checkout_but_not_the_secret_to_pay_it(shop, jimmy, tokens):
    shop.add_order()
    shop.charge(payment_method=None)

    seen = shop.checkout_status(tokens.admin())

    assert seen["paymentStatus"] == "REQUIRES_ACTION"
    assert "nextAction" not in seen
    assert shop.checkout_status(jimmy)["nextAction"]["clientSecret"]


@pytest.mark.parametrize(
    ("status", "step"),
    [("CONFIRMED", "End"), ("FAILED", "CheckoutFailed"), ("EXPIRED", "CheckoutFailed")],
)
def test_a_finished_checkout_says_how_it_ended(shop, jimmy, status, step):
    shop.add_order(status=status, reason="it was not paid in time")

    seen = shop.checkout_status(jimmy)

    assert (seen["status"], seen["step"], seen["reason"]) == (
        status,
        step,
        "it was not paid in time",
    )


def test_a_new_checkout_is_at_its_first_step(shop, jimmy):
    shop.add_order()

    seen = shop.checkout_status(jimmy)

    assert (seen["status"], seen["step"], seen["paymentStatus"]) == (
        "CREATED",
        "CheckInventory",
        "PENDING",
    )
    assert (seen["totalAmount"], seen["currency"]) == (25.98, "USD")


def test_an_order_id_needs_no_prefix_in_the_path(shop, jimmy):
    shop.add_order()

    assert shop.api.get("/checkout/01JA0000000000000000000001", token=jimmy).status_code == 200


@pytest.mark.parametrize("ended", ["FAILED", "CANCELLED", "EXPIRED"])
def test_an_order_that_ended_cannot_be_paid(shop, jimmy, ended):
    shop.add_order(status=ended)

    refused = check_out(shop, jimmy, {"orderId": ORDER})

    assert (refused.status_code, refused.json_body["Code"]) == (409, "OrderNotPayable")


@pytest.mark.parametrize(
    "body",
    [
        {"method": "CASH"},
        {"paymentMethod": 4242424242424242},
        {"paymentMethod": "4242424242424242"},
        {"paymentMethod": ""},
        {"paymentMethod": "pm visa"},
        {"expectedTotal": "much"},
        {"expectedTotal": "NaN"},
        {"orderId": 7},
        {"orderId": "ORDER#../x"},
        {"orderId": ""},
    ],
)
def test_an_invalid_body_is_refused(shop, jimmy, body):
    shop.fill_cart()

    assert check_out(shop, jimmy, body).status_code == 400


ADDRESS = {
    "name": "Jimmy Patel",
    "line1": "1 Market Street",
    "city": "San Francisco",
    "region": "CA",
    "postalCode": "94105",
    "country": "US",
}


def test_the_order_is_placed_with_address_method_and_coupons(shop, jimmy):
    shop.fill_cart()
    terms = {"shippingAddress": ADDRESS, "shippingMethodId": "METHOD#1", "couponCodes": ["ten-off"]}

    assert check_out(shop, jimmy, terms).status_code == 202

    (step,) = shop.lambda_fakes.called(VALIDATE)
    assert {name: step[name] for name in terms} == {**terms, "couponCodes": ["TEN-OFF"]}


def test_another_address_method_or_coupon_is_another_order(shop, jimmy):
    shop.fill_cart()
    sent = {"shippingAddress": ADDRESS}
    bodies = [
        {},
        sent,
        {"shippingAddress": {**ADDRESS, "line1": "2 Market Street"}},
        {**sent, "shippingMethodId": "METHOD#1"},
        {**sent, "couponCodes": ["TEN"]},
        {**sent, "couponCodes": ["TEN", "FREE"]},
    ]

    answers = [[check_out(shop, jimmy, body) for _ in range(2)] for body in bodies]
    first, again = ([pair[at].json_body["orderId"] for pair in answers] for at in (0, 1))
    swapped = check_out(shop, jimmy, {**sent, "couponCodes": ["free", "ten"]})

    assert len(set(first)) == len(bodies)
    assert again == first
    assert swapped.json_body["orderId"] == first[-1]


HOME = "ADDR#01JA2M9Q6T0000000000000000"


def store_address(address_id=HOME, user_id=JIMMY, **fields):
    item = {"userId": user_id, "addressId": address_id, "createdAt": "2025-10-13T14:00:00.000Z"}
    table("Addresses").put_item(Item={**item, **ADDRESS, **fields})


def test_the_cart_is_ordered_to_an_address_of_the_book(shop, jimmy):
    shop.fill_cart()
    store_address()

    by_id = check_out(shop, jimmy, {"addressId": "01ja2m9q6t0000000000000000"})
    written = check_out(shop, jimmy, {"shippingAddress": ADDRESS})

    (step,) = shop.lambda_fakes.called(VALIDATE)
    assert (step["shippingAddress"], "addressId" in step) == (ADDRESS, False)
    assert by_id.json_body["orderId"] == written.json_body["orderId"]


def test_an_address_that_was_changed_is_another_order(shop, jimmy):
    shop.fill_cart()
    store_address()
    first = check_out(shop, jimmy, {"addressId": HOME}).json_body["orderId"]
    store_address(line1="2 Market Street")

    assert check_out(shop, jimmy, {"addressId": HOME}).json_body["orderId"] != first


@pytest.mark.parametrize("address_id", ["ADDR#01AMYS", "ADDR#01GONE"])
@pytest.mark.parametrize("key", [None, "once"])
def test_only_the_customers_own_addresses_are_checked_out(shop, jimmy, address_id, key):
    shop.fill_cart()
    store_address("ADDR#01AMYS", "USER#01AMY")

    refused = check_out(shop, jimmy, {"addressId": address_id}, key=key)

    assert (refused.status_code, refused.json_body["Code"]) == (404, "AddressNotFound")
    assert shop.lambda_fakes.calls == []


def test_a_key_gets_its_order_after_the_address_was_deleted(shop, jimmy):
    shop.fill_cart()
    store_address()
    first = check_out(shop, jimmy, {"addressId": HOME}, key="once")
    table("Addresses").delete_item(Key={"userId": JIMMY, "addressId": HOME})

    assert check_out(shop, jimmy, {"addressId": HOME}, key="once").json_body == first.json_body


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"addressId": HOME, "shippingAddress": ADDRESS}, "addressId"),
        ({"shippingAddress": {**ADDRESS, "country": "XX"}}, "country"),
        ({"shippingAddress": {**ADDRESS, "postalCode": "1"}}, "postalCode"),
        ({"shippingMethodId": "METHOD#1"}, "shippingMethodId"),
        ({"couponCodes": ["?"]}, "couponCodes"),
    ],
)
def test_wrong_terms_of_a_checkout_are_named(shop, jimmy, terms, field):
    shop.fill_cart()

    refused = check_out(shop, jimmy, terms)

    assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody")
    assert field in refused.json_body["Message"]
    assert shop.lambda_fakes.calls == []
