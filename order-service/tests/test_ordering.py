from tests.people import AMY, BOWL, SHAKE, refusal, row, table

# Bodies that cannot be meant, and what the answer must name.
NONSENSE = [
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
]


def test_an_order_as_the_requirements_write_it(api, tokens, shelf):
    shelf.supply("PROD#001", stock=50)
    body = {"userId": "USER#123", "cartItems": [{"productId": "PROD#001", "qty": 2}]}

    response = api.post("/order", body, tokens.customer("USER#123"))

    assert response.status_code == 201
    assert response.json_body["orderId"].startswith("ORDER#")
    assert response.json_body["status"] == "CREATED"


def test_an_order_costs_what_the_catalogue_says(jimmy):
    response = jimmy.order((BOWL, 2), (SHAKE, 3))

    assert response.status_code == 201
    assert set(response.json_body) == {"orderId", "status", "totalAmount", "currency", "createdAt"}
    assert (response.json_body["totalAmount"], response.json_body["currency"]) == (36.48, "USD")


def test_what_is_stored_holds_name_and_price_of_that_moment(jimmy, shelf):
    order_id = jimmy.order((BOWL, 2), paymentMethod="pm_card_visa", method="UPI").json_body[
        "orderId"
    ]
    shelf.supply(BOWL, price_minor=9900, name="Golden Bowl")

    stored = row(order_id)
    assert stored["items"] == [
        {
            "productId": BOWL,
            "name": "Protein Bowl",
            "qty": 2,
            "priceMinor": 1299,
            "lineTotalMinor": 2598,
        }
    ]
    assert (stored["status"], stored["totalMinor"], stored["currency"]) == ("CREATED", 2598, "USD")
    assert (stored["method"], stored["paymentMethod"], stored["version"]) == (
        "UPI",
        "pm_card_visa",
        1,
    )


def test_a_price_that_the_client_sends_counts_for_nothing(jimmy):
    lines = [{"productId": BOWL, "qty": 1, "price": 0.01}]

    assert jimmy.send({"cartItems": lines, "totalAmount": 0.01}).json_body["totalAmount"] == 12.99


def test_lines_of_the_same_product_are_one_line(jimmy):
    order_id = jimmy.order((BOWL, 1), (SHAKE, 1), ("001", 2)).json_body["orderId"]

    assert [(line["productId"], line["qty"]) for line in row(order_id)["items"]] == [
        (BOWL, 3),
        (SHAKE, 1),
    ]


def test_ninety_nine_of_ninety_nine_products_can_be_ordered(jimmy, shelf):
    ids = [f"PROD#many-{number}" for number in range(99)]
    for product_id in ids:
        shelf.supply(product_id, stock=99, price_minor=100)

    response = jimmy.order(*((product_id, 99) for product_id in ids))

    assert (response.status_code, response.json_body["totalAmount"]) == (201, 9801)


def test_a_hundredth_product_is_one_too_many(jimmy):
    response = jimmy.order(*((f"PROD#many-{number}", 1) for number in range(100)))

    assert refusal(response) == (400, "TooManyLines")


def test_more_than_ninety_nine_of_one_product_is_refused_however_it_is_split(jimmy, shelf):
    shelf.supply(BOWL, stock=500)

    assert jimmy.order((BOWL, 50), (BOWL, 49)).status_code == 201
    assert refusal(jimmy.order((BOWL, 50), (BOWL, 50))) == (400, "QuantityTooLarge")
    assert refusal(jimmy.order((BOWL, 100))) == (400, "InvalidBody")


def test_products_that_do_not_exist_or_are_archived_are_named(jimmy, shelf):
    shelf.supply("PROD#old", status="ARCHIVED")

    response = jimmy.order((BOWL, 1), ("PROD#old", 1), ("PROD#never", 1))

    assert refusal(response) == (404, "ProductNotFound")
    assert "PROD#old" in response.json_body["Message"]
    assert "PROD#never" in response.json_body["Message"]
    assert BOWL not in response.json_body["Message"]


def test_what_is_sold_out_is_named_with_what_is_wanted_and_left(jimmy, shelf):
    shelf.supply(BOWL, stock=5)

    assert jimmy.order((BOWL, 5)).status_code == 201
    response = jimmy.order((SHAKE, 1), (BOWL, 6))

    assert refusal(response) == (409, "OutOfStock")
    assert response.json_body["Message"] == "Protein Bowl (PROD#001): 6 wanted, 5 left"


def test_a_product_without_any_stock_row_is_sold_out(jimmy):
    table("Inventory").delete_item(Key={"productId": BOWL})

    assert refusal(jimmy.order((BOWL, 1))) == (409, "OutOfStock")


def test_goods_of_two_currencies_are_two_orders(jimmy, shelf):
    shelf.supply("PROD#eur", currency="EUR")

    response = jimmy.order((BOWL, 1), ("PROD#eur", 1))

    assert refusal(response) == (400, "MixedCurrencies")
    assert "EUR and USD" in response.json_body["Message"]


def test_the_total_that_the_customer_agreed_to_must_hold(jimmy):
    assert jimmy.order((BOWL, 2), expectedTotal=25.98).status_code == 201
    response = jimmy.order((BOWL, 2), expectedTotal=24.98)

    assert refusal(response) == (409, "PriceChanged")
    assert "25.98 USD" in response.json_body["Message"]
    assert "24.98 USD" in response.json_body["Message"]


def test_an_expected_total_that_is_no_amount_of_money_is_refused(jimmy):
    for nonsense in (25.981, -1, "NaN", "Infinity", 1e300):
        assert refusal(jimmy.order((BOWL, 2), expectedTotal=nonsense)) == (400, "InvalidAmount"), (
            nonsense
        )


def test_a_total_beyond_what_can_be_charged_is_refused(jimmy, shelf):
    shelf.supply(BOWL, price_minor=99_999_999)

    assert jimmy.order((BOWL, 1)).status_code == 201
    assert refusal(jimmy.order((BOWL, 2))) == (400, "TotalTooLarge")


def test_a_body_that_cannot_be_meant_is_refused_with_the_field_that_is_wrong(jimmy):
    for body, field in NONSENSE:
        response = jimmy.send(body)
        assert refusal(response) == (400, "InvalidBody"), body
        assert field in response.json_body["Message"], body


def test_a_card_number_is_refused_and_not_kept(jimmy):
    response = jimmy.order((BOWL, 1), paymentMethod="4242424242424242")

    assert refusal(response) == (400, "InvalidBody")
    assert "never a card number" in response.json_body["Message"]
    assert jimmy.list().json_body == []


def test_an_id_that_cannot_be_a_products_is_refused(jimmy):
    for product_id in ("", "PROD#", "no such thing!", "x" * 65, "USER#1"):
        assert refusal(jimmy.order((product_id, 1))) == (400, "InvalidId"), product_id


def test_nobody_orders_for_somebody_else_but_an_admin(jimmy, admin):
    assert refusal(jimmy.order((BOWL, 1), userId=AMY)) == (403, "NotYours")

    order_id = admin.order((BOWL, 1), userId=AMY).json_body["orderId"]
    assert row(order_id)["userId"] == AMY


def test_the_same_key_and_body_is_the_same_order(jimmy):
    first = jimmy.order((BOWL, 2), key="abc")
    again = jimmy.order((BOWL, 2), key="abc")

    assert (again.status_code, again.json_body) == (201, first.json_body)
    assert table("Orders").scan()["Count"] == 1


def test_a_repeat_gets_the_first_answer_whatever_happened_since(api, jimmy, shelf):
    first = jimmy.order((BOWL, 2), key="abc", expectedTotal=25.98).json_body
    shelf.supply(BOWL, stock=0, price_minor=9900, status="ARCHIVED")
    api.invoke("fail-order", {"orderId": first["orderId"], "reason": "Your card was declined."})

    assert jimmy.order((BOWL, 2), key="abc", expectedTotal=25.98).json_body == first


def test_the_same_key_with_another_body_is_refused(jimmy):
    first = jimmy.order((BOWL, 2), key="abc").json_body["orderId"]

    assert refusal(jimmy.order((BOWL, 3), key="abc")) == (422, "IdempotencyKeyReused")
    assert refusal(jimmy.order((BOWL, 2), key="abc", method="UPI")) == (422, "IdempotencyKeyReused")
    assert row(first)["items"][0]["qty"] == 2


def test_the_same_key_of_somebody_else_is_another_key(jimmy, amy):
    orders = {person.order((BOWL, 1), key="abc").json_body["orderId"] for person in (jimmy, amy)}

    assert len(orders) == 2


def test_without_a_key_the_same_body_is_another_order(jimmy):
    orders = {jimmy.order((BOWL, 1)).json_body["orderId"] for _ in range(2)}

    assert len(orders) == 2


def test_an_order_that_was_refused_leaves_its_key_free(jimmy, shelf):
    shelf.supply(BOWL, stock=0)
    assert refusal(jimmy.order((BOWL, 1), key="abc")) == (409, "OutOfStock")
    shelf.supply(BOWL, stock=1)

    assert jimmy.order((BOWL, 1), key="abc").status_code == 201


def test_a_key_that_is_none_is_refused(jimmy):
    for key in (" ", "x" * 129, "schlüssel"):
        assert refusal(jimmy.order((BOWL, 1), key=key)) == (400, "InvalidIdempotencyKey"), key


def test_what_dynamodb_leaves_unprocessed_is_asked_for_again(jimmy, shelf):
    ids = [f"PROD#heavy-{number}" for number in range(45)]
    for product_id in ids:
        shelf.supply(
            product_id, description="x" * 390_000
        )  # one BatchGetItem answers at most 16 MB

    assert jimmy.order(*((product_id, 1) for product_id in ids)).status_code == 201
