from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import pytest
from actors import BOWL

ADMINS_ONLY = [
    ("POST", "/product"),
    ("PATCH", "/product/PROD%2301ABC"),
    ("DELETE", "/product/PROD%2301ABC"),
    ("PUT", "/product/PROD%2301ABC/stock"),
]


def create(shop, body, key=None, token=None):
    headers = {"Idempotency-Key": key} if key else None
    return shop.api.post("/product", body, token=token or shop.admin, headers=headers)


def test_the_example_of_the_requirements_creates_a_product_and_its_stock(shop):
    body = {"name": "Protein Bowl", "price": 12.99, "description": "High-protein meal", "stock": 50}

    response = create(shop, body)

    product_id = response.json_body["productId"]
    assert response.status_code == 201
    assert response.json_body == {"message": "Product created", "productId": product_id}
    assert product_id.startswith("PROD#")
    row = shop.row("Products", productId=product_id)
    assert {
        "name": "Protein Bowl", "description": "High-protein meal", "priceMinor": 1299,
        "currency": "USD",
        "category": "general", "status": "ACTIVE", "listing": "USD",
        "categoryListing": "USD#general",
    }.items() <= row.items()  # fmt: skip
    assert shop.stock(product_id) == (50, 0, 0)


@pytest.mark.parametrize(("method", "path"), ADMINS_ONLY)
def test_a_customer_changes_nothing_in_the_catalogue(shop, method, path):
    refused = shop.api.request(method, path, {}, shop.customer, None)

    assert (refused.status_code, refused.json_body["Code"]) == (403, "InsufficientScope")


@pytest.mark.parametrize(("method", "path"), ADMINS_ONLY)
def test_nobody_without_a_token_changes_anything(shop, method, path):
    assert shop.api.request(method, path, BOWL, None, None).status_code in (401, 403)
    assert shop.rows("Products") == []


def test_a_product_is_shown_with_its_available_stock(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})

    response = shop.show(bowl)

    assert response.status_code == 200
    assert response.json_body == {
        "productId": bowl, "name": "Protein Bowl", "price": 12.99, "currency": "USD",
        "category": "general",
        "description": "High-protein meal", "availableStock": 3,
    }  # fmt: skip


def test_a_product_is_found_by_its_bare_ulid_too(shop, bowl):
    bare = bowl.removeprefix("PROD#")

    assert shop.get(f"/product/{bare}").json_body == shop.get(f"/product/{quote(bowl)}").json_body
    assert shop.api.delete(f"/product/{bare}", token=shop.admin).json_body["productId"] == bowl


@pytest.mark.parametrize("path", ["/product/01UNKNOWN", "/product/PROD%2301UNKNOWN"])
def test_an_unknown_product_is_not_found(shop, path):
    responses = [
        shop.get(path),
        shop.api.patch(path, {"name": "Tea"}, token=shop.admin),
        shop.api.delete(path, token=shop.admin),
        shop.api.put(f"{path}/stock", {"stock": 1}, token=shop.admin),
    ]

    assert {(response.status_code, response.json_body["Code"]) for response in responses} == {
        (404, "ProductNotFound")
    }
    assert shop.rows("Products") == shop.rows("Inventory") == []


def test_a_malformed_product_id_is_refused(shop):
    for text in ("ORDER%2301ABC", "a%20b", "%2523", "x" * 65, "..%2F"):
        assert shop.get(f"/product/{text}").json_body["Code"] == "InvalidId"


def test_a_repeat_with_its_key_gives_the_same_product(shop):
    first = create(shop, BOWL, key="k-1")
    again = create(
        shop, {**BOWL, "price": 12.990, "currency": "usd", "category": "General"}, key="k-1"
    )

    assert (again.status_code, again.json_body) == (201, first.json_body)
    assert len(shop.rows("Products")) == len(shop.rows("Inventory")) == 1


def test_a_repeat_gives_the_same_product_after_it_was_changed_or_archived(shop, order):
    product_id = create(shop, BOWL, key="k-1").json_body["productId"]
    shop.change(product_id, name="Bowl", price=9)
    shop.commit(order, **{product_id: 3})
    shop.archive(product_id)

    assert create(shop, BOWL, key="k-1").json_body["productId"] == product_id
    assert shop.stock(product_id) == (47, 0, 3)
    assert shop.show(product_id).status_code == 404


def test_concurrent_repeats_create_one_product(shop):
    with ThreadPoolExecutor(6) as pool:
        responses = list(pool.map(lambda _: create(shop, BOWL, key="k-1"), range(6)))

    assert {response.status_code for response in responses} == {201}
    assert (
        len({response.json_body["productId"] for response in responses})
        == len(shop.rows("Products"))
        == 1
    )


def test_a_contended_creation_is_503_and_retryable(shop, transaction_conflicts):
    transaction_conflicts(1000)
    refused = create(shop, BOWL, key="k-1")
    transaction_conflicts(0)

    assert (refused.status_code, refused.json_body["Code"]) == (503, "ProductContended")
    assert create(shop, BOWL, key="k-1").status_code == 201


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Bowl"}, {"price": 13}, {"currency": "EUR"}, {"stock": 51}, {"description": ""},
        {"category": "food"},
    ],
)  # fmt: skip
def test_a_key_used_again_with_another_body_is_refused(shop, change):
    create(shop, BOWL, key="k-1")

    refused = create(shop, {**BOWL, **change}, key="k-1")

    assert (refused.status_code, refused.json_body["Code"]) == (422, "IdempotencyKeyReused")
    assert len(shop.rows("Products")) == 1


def test_two_admins_may_happen_to_use_the_same_key(shop, tokens):
    create(shop, BOWL, key="k-1")
    other = create(shop, {**BOWL, "name": "Tea"}, key="k-1", token=tokens.admin("USER#01OTHER"))

    assert other.status_code == 201
    assert len(shop.rows("Products")) == 2


def test_without_a_key_each_request_creates_a_product(shop):
    assert shop.create() != shop.create()


WRONG = [
    ("name", ""), ("name", " \t"), ("name", "n" * 201), ("name", "a\nb"), ("name", 5),
    ("name", None),
    ("price", -1), ("price", 0), ("price", 12.999), ("price", 1_000_000), ("price", "much"),
    ("price", None), ("price", "12"),
    ("price", "NaN"), ("price", "Infinity"), ("price", "1e999999"), ("price", []), ("price", True),
    ("stock", -1), ("stock", 1.5), ("stock", 1_000_001), ("stock", "5"), ("stock", None),
    ("stock", True),
    ("currency", "ZZZ"), ("currency", ""), ("currency", 840), ("currency", None),
    ("description", "d" * 5001), ("description", "\0"), ("description", None),
    ("category", ""), ("category", "c" * 51), ("category", "#!"), ("category", None),
]  # fmt: skip


def test_a_wrong_field_is_named(shop):
    for field, value in WRONG:
        refused = create(shop, {**BOWL, field: value})

        assert refused.status_code == 400, (field, value)
        assert refused.json_body["Code"] in ("InvalidBody", "InvalidAmount")
        assert refused.json_body["Message"].startswith(f"{field}: "), refused.json_body
    assert shop.rows("Products") == shop.rows("Inventory") == []


def test_a_missing_field_is_named(shop):
    for field in ("name", "price", "stock"):
        refused = create(shop, {name: value for name, value in BOWL.items() if name != field})

        assert refused.status_code == 400
        assert refused.json_body["Message"] == f"{field}: this field is required"


def test_a_malformed_body_is_refused(shop):
    for body in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 10_000, b'{"price": NaN}'):
        assert create(shop, body).json_body["Code"] == "InvalidBody"


@pytest.mark.parametrize(
    ("currency", "price", "minor"),
    [("JPY", 500, 500), ("EUR", 0.01, 1), ("usd", 999999.99, 99999999)],
)
def test_a_price_is_kept_in_the_units_of_its_currency(shop, currency, price, minor):
    product_id = shop.create(currency=currency, price=price)

    assert shop.row("Products", productId=product_id)["priceMinor"] == minor
    assert shop.show(product_id).json_body["price"] == price


SLUGS = {
    "Health & Beauty": "health-beauty",
    "  Snacks ": "snacks",
    "a_b--c": "a-b-c",
    "Bücher": "bücher",
    "Bu\u0308cher": "bücher",
    "दाल": "दाल",
    "दिल": "दिल",
    "ชา & กาแฟ": "ชา-กาแฟ",
    "می\u200cخواهم": "می\u200cخواهم",
    "\u2764\ufe0f Gifts": "gifts",
}


def test_a_category_is_kept_as_a_slug(shop):
    for text, slug in SLUGS.items():
        assert shop.show(shop.create(category=text)).json_body["category"] == slug


def test_a_category_in_any_script_is_found_by_its_name(shop):
    lentils, hearts = shop.create(category="दाल"), shop.create(category="दिल")

    for category, product_id in (("दाल", lentils), ("दिल", hearts)):
        products = shop.get(f"/products?category={quote(category)}").json_body
        assert [product["productId"] for product in products] == [product_id]


def test_a_text_from_another_shops_export_is_taken(shop):
    name, description = "\ufeffProtein\u00a0Bowl", "抹茶\u3000ラテ\r\nक\u094d\u200dष"

    shown = shop.show(shop.create(name=name, description=description)).json_body

    assert (shown["name"], shown["description"]) == ("Protein Bowl", "抹茶 ラテ\nक\u094d\u200dष")


def test_a_control_character_is_named_with_its_place(shop):
    for field in ("name", "description", "category"):
        refused = create(shop, {**BOWL, field: "Bo\x1bwl"})

        assert refused.json_body["Message"] == (
            f"{field}: character 3 is U+001B (ESCAPE); expected text without control characters"
        )


def test_a_name_may_have_200_characters_of_any_script(shop):
    assert len(shop.show(shop.create(name="दा" * 200)).json_body["name"]) == 400


def test_a_product_is_found_by_its_sku(shop):
    product_id = shop.create(sku="BOW-1", currency="EUR")

    (product,) = shop.get("/products?sku=BOW-1").json_body
    assert (product["productId"], product["sku"]) == (product_id, "BOW-1")
    assert shop.show(product_id).json_body["sku"] == "BOW-1"
    assert shop.get("/products?sku=BOW-2").json_body == []
    for query in ("sku=a%0Ab", "sku=BOW-1&category=general"):
        assert shop.get(f"/products?{query}").json_body["Message"].startswith("sku: ")


def test_no_two_products_share_a_sku_even_after_archiving(shop):
    first = create(shop, {**BOWL, "sku": "BOW-1"}, key="k")
    assert create(shop, {**BOWL, "sku": "BOW-1"}, key="k").json_body == first.json_body
    assert create(shop, {**BOWL, "sku": "BOW-2"}, key="k").status_code == 422

    taken = create(shop, {**BOWL, "sku": "BOW-1"})
    shop.archive(first.json_body["productId"])
    still_taken = create(shop, {**BOWL, "sku": "BOW-1"}, key="other")

    for refused in (taken, still_taken):
        assert (refused.status_code, refused.json_body["Code"]) == (409, "SkuTaken")
    assert len(shop.rows("Inventory")) == 1
    assert shop.get("/products?sku=BOW-1").json_body == []


def test_a_change_affects_only_the_fields_it_names(shop, bowl):
    before = shop.show(bowl).json_body

    assert shop.change(bowl, price=9.5).json_body["price"] == 9.5
    assert shop.change(bowl, name=" Bowl ", description="").status_code == 200

    assert shop.show(bowl).json_body == {**before, "price": 9.5, "name": "Bowl", "description": ""}
    assert shop.row("Products", productId=bowl)["version"] == 3


def test_a_changed_category_and_price_are_found_at_once(shop, bowl):
    shop.change(bowl, category="Food", price=1)

    assert [
        product["productId"] for product in shop.get("/products?category=food&maxPrice=1").json_body
    ] == [bowl]
    assert shop.get("/products?category=general").json_body == []


def test_concurrent_changes_of_different_fields_are_both_kept(shop, bowl, before_write):
    before_write(lambda: shop.change(bowl, name="Bowl"))
    shop.change(bowl, price=9)

    shown = shop.show(bowl).json_body
    assert (shown["name"], shown["price"]) == ("Bowl", 9)


WRONG_CHANGES = [
    ({}, "expected at least one of"), ({"stock": 9}, "expected at least one of"),
    ({"name": ""}, "name: "),
    ({"name": None}, "name: "), ({"price": 0}, "price: "), ({"price": 1.001}, "price: "),
    ({"price": None}, "price: "),
    ({"category": "-"}, "category: "), ({"description": 7}, "description: "),
]  # fmt: skip


def test_a_wrong_change_is_named_and_changes_nothing(shop, bowl):
    before = shop.row("Products", productId=bowl)

    for changes, message in WRONG_CHANGES:
        refused = shop.change(bowl, **changes)

        assert refused.status_code == 400, changes
        assert refused.json_body["Message"].startswith(message), refused.json_body
    assert shop.row("Products", productId=bowl) == before


def test_a_product_keeps_its_currency(shop, bowl):
    refused = shop.change(bowl, price=9, currency="EUR")

    assert (refused.status_code, refused.json_body["Code"]) == (409, "CurrencyFixed")
    assert shop.change(bowl, price=9, currency="usd").status_code == 200


def test_an_archived_product_is_gone_from_the_catalogue(shop, bowl, tea):
    response = shop.archive(bowl)

    assert (response.status_code, response.json_body) == (
        200,
        {"message": "Product archived", "productId": bowl},
    )
    assert shop.show(bowl).json_body["Code"] == "ProductNotFound"
    assert [product["productId"] for product in shop.get("/products").json_body] == [tea]
    assert [
        product["productId"] for product in shop.get("/products?category=general").json_body
    ] == [tea]
    assert shop.change(bowl, name="Bowl").status_code == 404
    assert shop.row("Products", productId=bowl)["status"] == "ARCHIVED"


def test_archiving_is_idempotent(shop, bowl):
    assert shop.archive(bowl).json_body == shop.archive(bowl).json_body


def test_a_product_archived_while_it_is_changed_stays_archived(shop, bowl, before_write):
    before_write(lambda: shop.archive(bowl))

    assert shop.change(bowl, category="food").status_code == 404
    assert shop.get("/products?category=food").json_body == []


def test_stock_of_an_archived_product_can_be_committed_and_released(shop, bowl, order):
    shop.reserve(order, **{bowl: 2})
    shop.archive(bowl)

    shop.commit(order, **{bowl: 2})
    assert shop.stock(bowl) == (3, 0, 2)
    shop.release(order)
    assert shop.stock(bowl) == (5, 0, 0)
