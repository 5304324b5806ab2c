"""What a customer sees in a cart."""

import base64

from tables import BOWL

from common import aws
from testkit.tokens import JIMMY


def test_a_line_has_the_products_name_and_price(jimmy, bowl):
    jimmy.add(bowl, 2)

    assert jimmy.read().json_body == [
        {
            "productId": BOWL,
            "name": "Protein Bowl",
            "qty": 2,
            "price": 12.99,
            "currency": "USD",
            "lineTotal": 25.98,
            "available": True,
        }
    ]


def test_an_empty_cart_is_an_empty_list(jimmy, sell):
    assert (jimmy.read().status_code, jimmy.read().json_body) == (200, [])


def test_lines_have_the_current_price(jimmy, sell, bowl):
    jimmy.add(bowl, 3)
    sell(bowl, "Protein Bowl XL", 1001)

    (line,) = jimmy.read().json_body
    assert (line["name"], line["price"], line["lineTotal"]) == ("Protein Bowl XL", 10.01, 30.03)


def test_a_currency_without_cents_has_none(jimmy, sell):
    jimmy.add(sell(BOWL, price_minor=1500, currency="JPY"), 2)

    (line,) = jimmy.read().json_body
    assert (line["price"], line["lineTotal"], line["currency"]) == (1500, 3000, "JPY")


def test_an_archived_product_is_shown_as_unavailable(jimmy, sell, bowl):
    jimmy.add(bowl)
    sell(bowl, status="ARCHIVED")

    (line,) = jimmy.read().json_body
    assert (line["name"], line["available"]) == ("Protein Bowl", False)


def test_a_deleted_product_is_still_shown_and_can_be_removed(jimmy, bowl):
    jimmy.add(bowl)
    aws.client("dynamodb").delete_item(TableName="Products", Key={"productId": {"S": bowl}})

    (line,) = jimmy.read().json_body
    assert line == {
        "productId": bowl,
        "name": None,
        "qty": 1,
        "price": None,
        "currency": None,
        "lineTotal": None,
        "available": False,
    }
    jimmy.remove(bowl)
    assert jimmy.cart == {}


def test_a_cart_of_250_products_is_shown_whole(jimmy, full_cart):
    lines = jimmy.read().json_body

    assert [line["productId"] for line in lines] == list(full_cart)
    assert [line["name"] for line in lines] == [f"Bowl {number}" for number in range(1, 251)]
    assert [line["qty"] for line in lines[:4]] == [1, 2, 3, 1]


def test_a_cart_larger_than_a_page_of_dynamodb_is_shown_whole(jimmy, sell):
    """A query's page ends at 1 MB."""
    products = [sell(f"PROD#{number:03}") for number in range(40)]
    for product_id in products:
        item = {"userId": JIMMY, "productId": product_id, "addedAt": "x" * 50_000, "updatedAt": "x"}
        typed = {name: {"S": value} for name, value in item.items()} | {"qty": {"N": "1"}}
        aws.client("dynamodb").put_item(TableName="Carts", Item=typed)

    assert list(jimmy.cart) == products


def test_a_cart_can_be_read_page_by_page(jimmy, full_cart):
    pages, query = [], "?limit=100"
    while query:
        response = jimmy.read(query)
        pages.append([line["productId"] for line in response.json_body])
        cursor = response.headers.get("X-Next-Cursor")
        query = f"?limit=100&cursor={cursor}" if cursor else ""

    assert [len(page) for page in pages] == [100, 100, 50]
    assert [product_id for page in pages for product_id in page] == list(full_cart)


def test_a_last_page_that_is_full_has_no_next_one(jimmy, sell):
    for number in range(4):
        jimmy.add(sell(f"PROD#{number}"))

    first = jimmy.read("?limit=2")
    second = jimmy.read(f"?limit=2&cursor={first.headers['X-Next-Cursor']}")

    assert len(second.json_body) == 2
    assert "X-Next-Cursor" not in second.headers


def test_products_left_unprocessed_are_read_again(jimmy, full_cart, limit_batches, pauses):
    asked = limit_batches("BatchGetItem", 40)

    assert [line["name"] for line in jimmy.read().json_body] == [f"Bowl {n}" for n in range(1, 251)]
    assert asked == [100, 60, 20, 100, 60, 20, 50, 10]
    assert len(pauses) == 5
    assert all(0 <= pause < 1 for pause in pauses)


def test_a_cart_that_is_read_in_part_is_503(jimmy, full_cart, limit_batches):
    asked = limit_batches("BatchGetItem", 0)

    response = jimmy.read()

    assert (response.status_code, response.json_body["Code"]) == (503, "CartUnavailable")
    assert "again" in response.json_body["Message"]
    assert 2 <= len(asked) <= 10


def test_an_invalid_limit_is_refused(jimmy, sell):
    for limit in ("0", "101", "-1", "ten", "1.5", ""):
        response = jimmy.read(f"?limit={limit}")

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidQuery"), limit
        assert "limit" in response.json_body["Message"]


def cursor(text):
    return base64.urlsafe_b64encode(text.encode()).decode()


def test_a_forged_cursor_is_refused(jimmy, sell):
    made_up = (
        "x",
        "%00",
        "[]",
        cursor("[]"),
        cursor("{}"),
        cursor('{"productId": {"S": "KEY#1"}}'),
        cursor('{"productId": {"N": "1"}}'),
        cursor('{"productId": "PROD#001"}'),
        cursor('{"productId": {"S": 7}}'),
        cursor('{"orderId": {"S": "ORDER#1"}}'),
        cursor('{"productId": {"S": "PROD#%s"}}' % ("x" * 2000)),
    )
    for malformed in made_up:
        response = jimmy.read(f"?cursor={malformed}")

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidCursor"), (
            malformed[:80]
        )


def test_a_cursor_does_not_open_another_cart(jimmy, anna, full_cart, bowl):
    anna.add("PROD#250")
    borrowed = jimmy.read("?limit=1").headers["X-Next-Cursor"]

    assert [line["productId"] for line in anna.read(f"?cursor={borrowed}").json_body] == [
        "PROD#250"
    ]
