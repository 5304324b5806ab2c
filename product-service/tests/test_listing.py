from urllib.parse import quote

import pytest
from actors import BOWL
from moto.dynamodb.models import DynamoDBBackend


@pytest.fixture
def catalogue(shop):
    """Five products: their names by price are a to e."""
    for name, price, category in (
        ("d", 4, "food"), ("a", 1, "food"), ("c", 3, "drinks"), ("b", 2, "food"),
        ("e", 4.5, "drinks"),
    ):  # fmt: skip
        shop.create(name=name, price=price, category=category)
    shop.create(name="x", price=2, currency="EUR", category="food")
    return shop


def names(response):
    assert response.status_code == 200, response.body
    return "".join(product["name"] for product in response.json_body)


def test_the_list_shows_what_the_requirements_ask_for(shop, bowl):
    assert shop.get("/products").json_body == [
        {
            "productId": bowl, "name": "Protein Bowl", "price": 12.99, "currency": "USD",
            "category": "general", "description": BOWL["description"],
        }
    ]  # fmt: skip


def test_an_empty_catalogue_is_an_empty_list(shop):
    response = shop.get("/products")

    assert (response.status_code, response.json_body) == (200, [])
    assert "X-Next-Cursor" not in response.headers


FOUND = {
    "": "abcde", "category=food": "abd", "category=Food": "abd", "category=toys": "",
    "minPrice=2": "bcde",
    "maxPrice=3": "abc", "minPrice=2&maxPrice=4": "bcd", "minPrice=4.01": "e",
    "minPrice=3&maxPrice=3.00": "c",
    "category=food&minPrice=2&maxPrice=2": "b", "currency=EUR": "x",
    "currency=eur&category=food": "x",
    "currency=GBP": "", "limit=2": "ab",
}  # fmt: skip


@pytest.mark.parametrize("path", ["/products", "/product"])
def test_filters_say_what_is_listed_cheapest_first(catalogue, path):
    assert {query: names(catalogue.get(f"{path}?{query}")) for query in FOUND} == FOUND


@pytest.mark.parametrize(
    "filters", ["", "&category=food", "&minPrice=2&maxPrice=4", "&maxPrice=4.5"]
)
def test_the_pages_add_up_to_the_whole_list(catalogue, filters):
    whole = names(catalogue.get(f"/products?limit=100{filters}"))

    for limit in range(1, 7):
        assert "".join(pages(catalogue, f"/products?limit={limit}{filters}", limit)) == whole


@pytest.mark.parametrize(
    ("filters", "limit"), [("", 5), ("&category=food", 3), ("&minPrice=2&maxPrice=4", 3)]
)
def test_a_last_page_that_is_full_has_no_next_one(catalogue, filters, limit):
    assert "X-Next-Cursor" not in catalogue.get(f"/products?limit={limit}{filters}").headers

    first = catalogue.get(f"/products?limit={limit - 1}{filters}").headers["X-Next-Cursor"]
    last = catalogue.get(f"/products?limit=1{filters}&cursor={quote(first)}")

    assert len(last.json_body) == 1
    assert "X-Next-Cursor" not in last.headers


def pages(catalogue, path, limit):
    cursor = ""
    for _ in range(9):
        response = catalogue.get(f"{path}{cursor}")
        assert len(response.json_body) <= limit
        yield names(response)
        if "X-Next-Cursor" not in response.headers:
            return
        cursor = f"&cursor={quote(response.headers['X-Next-Cursor'])}"
    raise AssertionError("the list does not end")


def test_paging_continues_among_products_of_the_same_price(shop):
    created = {shop.create(price=5) for _ in range(4)}

    first = shop.get("/products?limit=3")
    second = shop.get(f"/products?limit=3&cursor={quote(first.headers['X-Next-Cursor'])}")

    listed = [product["productId"] for product in first.json_body + second.json_body]
    assert (len(listed), set(listed)) == (4, created)


WRONG = {
    "minPrice=cheap": "minPrice", "minPrice=-1": "minPrice", "minPrice=1.001": "minPrice",
    "minPrice=": "minPrice",
    "maxPrice=NaN": "maxPrice", "maxPrice=1e9": "maxPrice", "minPrice=3&maxPrice=2": "minPrice",
    "currency=ZZZ": "currency", "currency=": "currency", "category=": "category",
    "category=%23": "category",
    "limit=0": "limit", "limit=101": "limit", "limit=many": "limit", "limit=1.5": "limit",
    "cursor=malformed": "cursor", "cursor=eyJhIjogMX0%3D": "cursor",
    "cursor=bnVsbA%3D%3D": "cursor",
    "page=2": "page", "sort=cheap": "sort", "sort=relevance": "sort", "q=": "q",
    "colour=red": "colour", "attr.=red": "attr.", "inStock=maybe": "inStock",
    "attr.!=red": "attr.",
    "limit=2&limit=3": "limit",
}  # fmt: skip


def test_a_wrong_filter_is_named(catalogue):
    responses = {query: catalogue.get(f"/products?{query}") for query in WRONG}

    assert {query: response.status_code for query, response in responses.items()} == dict.fromkeys(
        WRONG, 400
    )
    assert {query: product_names(response) for query, response in responses.items()} == WRONG


def product_names(response):
    assert response.json_body["Code"] in ("InvalidQuery", "InvalidCursor")
    return response.json_body["Message"].split(":")[0]


def test_a_cursor_of_a_list_of_other_prices_is_refused(catalogue):
    cursor = quote(catalogue.get("/products?limit=1").headers["X-Next-Cursor"])

    assert (
        catalogue.get(f"/products?minPrice=2&cursor={cursor}").json_body["Code"] == "InvalidCursor"
    )


def test_the_catalogue_is_never_scanned(catalogue, monkeypatch):
    def scan(*args, **kwargs):
        raise AssertionError("a scan reads, and costs, the whole table")

    monkeypatch.setattr(DynamoDBBackend, "scan", scan)

    for query in ("", "category=food", "minPrice=1", "category=food&maxPrice=2"):
        assert catalogue.get(f"/products?{query}").status_code == 200
