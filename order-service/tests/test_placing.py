from order_actors import error_of
from order_factories import BOWL, SHAKE, row

from testkit.resources import table
from testkit.tokens import AMY

# Invalid bodies, and what the error message must name.
MALFORMED_BODIES = [
    ("", "cartItems"),
    ("{", "JSON"),
    (b"\xff", "JSON"),
    ("[]", "object"),
    ("null", "object"),
    ({}, "cartItems"),
    ({"cartItems": []}, "cartItems"),
    ({"cartItems": {}}, "cartItems"),
    ({"cartItems": [None]}, "cartItems[0]"),
    ({"cartItems": [{"qty": 1}]}, "cartItems[0].productId"),
    ({"cartItems": [{"productId": BOWL}]}, "cartItems[0].qty"),
    ({"cartItems": [{"productId": BOWL, "qty": 0}]}, "cartItems[0].qty"),
    ({"cartItems": [{"productId": BOWL, "qty": -2}]}, "cartItems[0].qty"),
    ({"cartItems": [{"productId": BOWL, "qty": 1.5}]}, "cartItems[0].qty"),
    ({"cartItems": [{"productId": BOWL, "qty": True}]}, "cartItems[0].qty"),
    ({"cartItems": [{"productId": BOWL, "qty": "2"}]}, "cartItems[0].qty"),
    ({"cartItems": [{"productId": 1, "qty": 1}]}, "cartItems[0].productId"),
    ({"cartItems": [{"productId": BOWL, "qty": 1}], "method": "GOLD"}, "method"),
    ({"cartItems": [{"productId": BOWL, "qty": 1}], "paymentMethod": ""}, "paymentMethod"),
    ({"cartItems": [{"productId": BOWL, "qty": 1}], "expectedTotal": "much"}, "expectedTotal"),
    ({"cartItems": [{"productId": BOWL, "qty": 1}], "expectedTotal": "NaN"}, "expectedTotal"),
    ({"cartItems": [{"productId": BOWL, "qty": 1}], "expectedTotal": "25.98"}, "expectedTotal"),
]


def test_the_requirements_example_of_an_order_works(api, tokens, catalogue):
    catalogue.put("PROD#001", stock=50)
    body = {"userId": "USER#123", "cartItems": [{"productId": "PROD#001", "qty": 2}]}

    response = api.post("/order", body, tokens.customer("USER#123"))

    assert response.status_code == 201
    assert response.json_body["orderId"].startswith("ORDER#")
    assert response.json_body["status"] == "CREATED"


def test_an_order_has_the_catalogues_price(jimmy):
    response = jimmy.order((BOWL, 2), (SHAKE, 3))

    assert response.status_code == 201
    assert set(response.json_body) == {
        *("orderId", "orderNumber", "status", "totalAmount", "currency", "createdAt", "payBy"),
    }
    assert (response.json_body["totalAmount"], response.json_body["currency"]) == (36.48, "USD")


def test_a_stored_order_holds_name_and_price_of_its_time(jimmy, catalogue):
    catalogue.put(BOWL, currency="INR")
    order_id = jimmy.order((BOWL, 2), paymentMethod="pm_card_visa", method="UPI").json_body[
        "orderId"
    ]
    catalogue.put(BOWL, price_minor=9900, name="Golden Bowl")

    stored = row(order_id)
    assert stored["items"] == [
        {
            "productId": BOWL,
            "name": "Protein Bowl",
            "qty": 2,
            "priceMinor": 1299,
            "lineTotalMinor": 2598,
            "discountMinor": 0,
            "taxMinor": 0,
            "taxName": "No tax",
        }
    ]
    assert (stored["status"], stored["totalMinor"], stored["currency"]) == ("CREATED", 2598, "INR")
    assert (stored["method"], stored["paymentMethod"], stored["version"]) == (
        "UPI",
        "pm_card_visa",
        1,
    )


def test_a_price_in_the_request_is_ignored(jimmy):
    lines = [{"productId": BOWL, "qty": 1, "price": 0.01}]

    assert (
        jimmy.post_order({"cartItems": lines, "totalAmount": 0.01}).json_body["totalAmount"]
        == 12.99
    )


def test_lines_of_the_same_product_are_merged(jimmy):
    order_id = jimmy.order((BOWL, 1), (SHAKE, 1), ("001", 2)).json_body["orderId"]

    assert [(line["productId"], line["qty"]) for line in row(order_id)["items"]] == [
        (BOWL, 3),
        (SHAKE, 1),
    ]


def test_ninety_nine_of_ninety_nine_products_can_be_ordered(jimmy, catalogue):
    ids = [f"PROD#many-{number}" for number in range(99)]
    for product_id in ids:
        catalogue.put(product_id, stock=99, price_minor=100)

    card = {"paymentMethod": "pm_card_visa"}
    response = jimmy.order(*((product_id, 99) for product_id in ids), **card)

    assert (response.status_code, response.json_body["totalAmount"]) == (201, 9801)


def test_a_hundredth_product_is_rejected(jimmy):
    response = jimmy.order(*((f"PROD#many-{number}", 1) for number in range(100)))

    assert error_of(response) == (400, "TooManyLines")


def test_more_than_ninety_nine_of_a_product_is_rejected_even_split(jimmy, catalogue):
    catalogue.put(BOWL, stock=500)

    card = {"paymentMethod": "pm_card_visa"}
    assert jimmy.order((BOWL, 50), (BOWL, 49), **card).status_code == 201
    assert error_of(jimmy.order((BOWL, 50), (BOWL, 50))) == (400, "QuantityTooLarge")
    assert error_of(jimmy.order((BOWL, 100))) == (400, "InvalidBody")


def test_missing_and_archived_products_are_named(jimmy, catalogue):
    catalogue.put("PROD#old", status="ARCHIVED")

    response = jimmy.order((BOWL, 1), ("PROD#old", 1), ("PROD#never", 1))

    assert error_of(response) == (404, "ProductNotFound")
    assert "PROD#old" in response.json_body["Message"]
    assert "PROD#never" in response.json_body["Message"]
    assert BOWL not in response.json_body["Message"]


def test_an_out_of_stock_error_names_product_wanted_and_left(jimmy, catalogue):
    catalogue.put(BOWL, stock=5)

    assert jimmy.order((BOWL, 5)).status_code == 201
    response = jimmy.order((SHAKE, 1), (BOWL, 6))

    assert error_of(response) == (409, "OutOfStock")
    assert response.json_body["Message"] == "Protein Bowl (PROD#001): 6 wanted, 5 left"


def test_what_is_not_counted_is_never_out_of_stock(jimmy):
    table("Inventory").put_item(Item={"productId": BOWL, "availableStock": -7, "notCounted": True})

    assert jimmy.order((BOWL, 9)).status_code == 201


def test_a_product_without_a_stock_row_is_out_of_stock(jimmy):
    table("Inventory").delete_item(Key={"productId": BOWL})

    assert error_of(jimmy.order((BOWL, 1))) == (409, "OutOfStock")


def test_goods_of_two_currencies_are_rejected(jimmy, catalogue):
    catalogue.put("PROD#eur", currency="EUR")

    response = jimmy.order((BOWL, 1), ("PROD#eur", 1))

    assert error_of(response) == (400, "MixedCurrencies")
    assert "EUR and USD" in response.json_body["Message"]


def test_an_order_with_another_total_than_expected_is_rejected(jimmy):
    assert jimmy.order((BOWL, 2), expectedTotal=25.98).status_code == 201
    response = jimmy.order((BOWL, 2), expectedTotal=24.98)

    assert error_of(response) == (409, "PriceChanged")
    assert "25.98 USD" in response.json_body["Message"]
    assert "24.98 USD" in response.json_body["Message"]


def test_an_expected_total_that_is_no_amount_is_rejected(jimmy):
    for invalid in (25.981, -1, 1e300):
        assert error_of(jimmy.order((BOWL, 2), expectedTotal=invalid)) == (400, "InvalidAmount"), (
            invalid
        )


def test_a_total_above_the_gateways_limit_is_rejected(jimmy, catalogue):
    catalogue.put(BOWL, price_minor=99_999_999)

    assert jimmy.order((BOWL, 1)).status_code == 201
    assert error_of(jimmy.order((BOWL, 2))) == (400, "TotalTooLarge")


def test_an_invalid_body_is_rejected_naming_the_field(jimmy):
    for body, field in MALFORMED_BODIES:
        response = jimmy.post_order(body)
        assert error_of(response) == (400, "InvalidBody"), body
        assert field in response.json_body["Message"], body


def test_a_card_number_is_rejected_and_not_stored(jimmy):
    response = jimmy.order((BOWL, 1), paymentMethod="4242424242424242")

    assert error_of(response) == (400, "InvalidBody")
    assert "never a card number" in response.json_body["Message"]
    assert jimmy.list().json_body == []


def test_an_invalid_product_id_is_rejected(jimmy):
    for product_id in ("", "PROD#", "no such thing!", "x" * 65, "USER#1"):
        assert error_of(jimmy.order((product_id, 1))) == (400, "InvalidId"), product_id


def test_only_an_admin_orders_for_another_customer(jimmy, admin):
    assert error_of(jimmy.order((BOWL, 1), userId=AMY)) == (403, "NotYours")

    order_id = admin.order((BOWL, 1), userId=AMY).json_body["orderId"]
    assert row(order_id)["userId"] == AMY


def test_the_same_key_and_body_is_the_same_order(jimmy):
    first = jimmy.order((BOWL, 2), key="abc")
    again = jimmy.order((BOWL, 2), key="abc")

    assert (again.status_code, again.json_body) == (201, first.json_body)
    assert table("Orders").scan()["Count"] == 1


def test_a_repeat_gets_the_first_answer_despite_later_changes(api, jimmy, catalogue):
    first = jimmy.order((BOWL, 2), key="abc", expectedTotal=25.98).json_body
    catalogue.put(BOWL, stock=0, price_minor=9900, status="ARCHIVED")
    api.invoke("fail-order", {"orderId": first["orderId"], "reason": "Your card was declined."})

    assert jimmy.order((BOWL, 2), key="abc", expectedTotal=25.98).json_body == first


def test_the_same_key_with_another_body_is_rejected(jimmy):
    first = jimmy.order((BOWL, 2), key="abc").json_body["orderId"]

    assert error_of(jimmy.order((BOWL, 3), key="abc")) == (422, "IdempotencyKeyReused")
    assert error_of(jimmy.order((BOWL, 2), key="abc", method="UPI")) == (
        422,
        "IdempotencyKeyReused",
    )
    assert row(first)["items"][0]["qty"] == 2


def test_the_same_key_of_another_customer_is_another_order(jimmy, amy):
    orders = {person.order((BOWL, 1), key="abc").json_body["orderId"] for person in (jimmy, amy)}

    assert len(orders) == 2


def test_without_a_key_the_same_body_is_another_order(jimmy):
    orders = {jimmy.order((BOWL, 1)).json_body["orderId"] for _ in range(2)}

    assert len(orders) == 2


def test_a_rejected_order_leaves_its_key_free(jimmy, catalogue):
    catalogue.put(BOWL, stock=0)
    assert error_of(jimmy.order((BOWL, 1), key="abc")) == (409, "OutOfStock")
    catalogue.put(BOWL, stock=1)

    assert jimmy.order((BOWL, 1), key="abc").status_code == 201


def test_an_invalid_key_is_rejected(jimmy):
    for key in (" ", "x" * 129, "schlüssel"):
        assert error_of(jimmy.order((BOWL, 1), key=key)) == (400, "InvalidIdempotencyKey"), key


def test_products_that_dynamodb_left_unprocessed_are_read_again(jimmy, catalogue):
    ids = [f"PROD#heavy-{number}" for number in range(45)]
    for product_id in ids:
        catalogue.put(
            product_id, description="x" * 390_000
        )  # one BatchGetItem answers at most 16 MB

    assert jimmy.order(*((product_id, 1) for product_id in ids)).status_code == 201
