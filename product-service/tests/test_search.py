from urllib.parse import quote

import pytest

PRODUCTS = [
    {"name": "Salmon Poke Bowl", "price": 14.5, "stock": 5, "category": "bowls",
     "description": "Marinated salmon with mango", "sku": "POKE-1",
     "attributes": [{"name": "Diet", "value": "Fish"}]},
    {"name": "Buddha Bowl", "price": 11, "stock": 0, "category": "bowls",
     "description": "Quinoa, beans and mango",
     "attributes": [{"name": "Diet", "value": "Vegan"},
                    {"name": "Spicy", "type": "YES_NO", "value": True}]},
    {"name": "Mango Lassi", "price": 4, "stock": 9, "category": "drinks",
     "categories": ["breakfast"], "attributes": [{"name": "Diet", "value": "Vegetarian"}]},
    {"name": "Crème Brûlée", "price": 6, "stock": 2, "category": "desserts"},
]  # fmt: skip
TREE = [("Food", None), ("Bowls", "food"), ("Drinks", None), ("Breakfast", "food")]


@pytest.fixture
def catalogue(shop):
    """Four products in a tree of categories, indexed."""
    for name, parent in TREE:
        shop.api.post("/categories", {"name": name, "parent": parent}, token=shop.admin)
    for product in PRODUCTS:
        shop.create(**product)
    shop.index()
    return shop


def names(response):
    assert response.status_code == 200, response.body
    return [product["name"] for product in response.json_body]


def find(shop, query):
    return names(shop.get(f"/products?{query}"))


POKE, BUDDHA, LASSI, CREME = (product["name"] for product in PRODUCTS)
FOUND = {
    "q=bowl": [BUDDHA, POKE],
    "q=BOWLS": [BUDDHA, POKE],  # by its stem
    "q=salmon%20bowl": [POKE],
    "q=marinate": [POKE],
    "q=man": [LASSI, POKE, BUDDHA],  # as one types; a name counts more than a description
    "q=slamon": [POKE],  # typing errors
    "q=samon": [POKE],
    "q=budha%20bowl": [BUDDHA],
    "q=quinoaa": [BUDDHA],
    "q=creme%20brulee": [CREME],
    "q=poke-1": [POKE],
    "q=vegan": [BUDDHA],
    "q=xyzzy": [],
    "q=%21%21": [],
    "q=%22OR%22%20AND%20NEAR%28": [],
    "": [LASSI, CREME, BUDDHA, POKE],
    "sort=-price": [POKE, BUDDHA, CREME, LASSI],
    "sort=name": [BUDDHA, CREME, LASSI, POKE],
    "sort=newest": [CREME, LASSI, BUDDHA, POKE],
    "q=mango&sort=price": [LASSI, BUDDHA, POKE],
    "category=bowls": [BUDDHA, POKE],
    "category=food": [LASSI, BUDDHA, POKE],  # with what is under it
    "category=breakfast": [LASSI],
    "category=unknown": [],
    "inStock=true": [LASSI, CREME, POKE],
    "inStock=false": [BUDDHA],
    "minPrice=6&maxPrice=11": [CREME, BUDDHA],
    "attr.diet=vegan": [BUDDHA],
    "attr.Diet=Vegan%7CFish": [BUDDHA, POKE],
    "attr.diet=vegan&attr.spicy=true": [BUDDHA],
    "attr.diet=fish&attr.spicy=true": [],
    "currency=EUR": [],
}


@pytest.mark.parametrize("query", FOUND)
def test_a_search_finds_what_its_words_and_filters_say(catalogue, query):
    found = find(catalogue, query)

    is_ranked = "q=" in query and "sort" not in query and "man" not in query
    assert (sorted(found) if is_ranked else found) == FOUND[query]


def test_a_product_is_shown_in_a_search_as_in_a_list(catalogue):
    by_search = catalogue.get("/products?q=salmon").json_body[0]
    alone = catalogue.get(f"/product/{quote(by_search['productId'], safe='')}").json_body

    assert alone == by_search | {"availableStock": 5}


@pytest.mark.parametrize("sort", ["price", "-price", "name", "newest", "best-selling"])
def test_the_pages_of_each_order_add_up_to_the_whole(catalogue, sort):
    catalogue.create(name="Mango Lassi", price=4)
    catalogue.index()
    whole = find(catalogue, f"sort={sort}")

    for limit in (1, 2, 3):
        assert pages(catalogue, f"sort={sort}&limit={limit}") == whole
    assert pages(catalogue, "q=mango&limit=1") == find(catalogue, "q=mango")


def pages(shop, query):
    found, cursor = [], ""
    while True:
        response = shop.get(f"/products?{query}{cursor}")
        found += names(response)
        if "X-Next-Cursor" not in response.headers:
            return found
        cursor = f"&cursor={quote(response.headers['X-Next-Cursor'])}"


def test_a_page_stays_where_it_was_while_stock_changes(catalogue):
    first = catalogue.get("/products?q=mango&limit=1")
    lassi = first.json_body[0]["productId"]
    catalogue.set_stock(lassi, 1)
    catalogue.index()

    cursor = quote(first.headers["X-Next-Cursor"])
    second = catalogue.get(f"/products?q=mango&limit=5&cursor={cursor}")

    assert names(second) == [POKE, BUDDHA]


def test_a_cursor_of_another_order_is_refused(catalogue):
    cursor = quote(catalogue.get("/products?sort=name&limit=1").headers["X-Next-Cursor"])

    for sort in ("price", "-price", "newest"):
        refused = catalogue.get(f"/products?sort={sort}&cursor={cursor}")
        assert refused.json_body["Code"] == "InvalidCursor"


def test_best_selling_products_come_first(catalogue, order):
    lassi = catalogue.get("/products?q=lassi").json_body[0]["productId"]
    catalogue.commit(order, **{lassi: 3})
    catalogue.index()

    assert find(catalogue, "sort=best-selling")[0] == LASSI
    assert find(catalogue, "q=mango&sort=best-selling")[0] == LASSI


def test_changes_of_price_text_and_stock_are_found(catalogue):
    lassi = catalogue.get("/products?q=lassi").json_body[0]["productId"]

    catalogue.change(lassi, price=20, name="Ayran", attributes=[])
    catalogue.set_stock(lassi, 0)
    catalogue.index()

    assert find(catalogue, "q=lassi") == []
    assert catalogue.get("/products?q=ayran").json_body[0]["price"] == 20
    assert find(catalogue, "inStock=false") == [BUDDHA, "Ayran"]
    assert find(catalogue, "attr.diet=vegetarian") == []


def test_an_archived_product_and_a_draft_are_not_found(catalogue):
    poke = catalogue.get("/products?q=poke").json_body[0]["productId"]
    catalogue.archive(poke)
    catalogue.create(name="Secret Bowl", status="DRAFT")
    catalogue.index()

    assert find(catalogue, "q=bowl") == [BUDDHA]
    everything = catalogue.api.get("/products/all?q=bowl&sort=name", token=catalogue.admin)
    assert [(one["name"], one["status"]) for one in everything.json_body] == [
        (BUDDHA, "ACTIVE"), (POKE, "ARCHIVED"), ("Secret Bowl", "DRAFT"),
    ]  # fmt: skip
    drafts = catalogue.api.get("/products/all?status=DRAFT", token=catalogue.admin)
    assert names(drafts) == ["Secret Bowl"]


def test_a_parent_is_found_once_by_its_variants(catalogue):
    shirt = {
        "name": "Shirt", "options": ["Size"],
        "variants": [
            {"sku": "SH-M", "options": {"Size": "M"}, "price": 20, "stock": 0},
            {"sku": "SH-L", "options": {"Size": "L"}, "price": 18, "stock": 4},
        ],
    }  # fmt: skip
    created = catalogue.api.post("/product", shirt, token=catalogue.admin).json_body
    catalogue.index()

    for query in ("q=shirt", "q=SH-M", "attr.size=L", "attr.size=M&inStock=true", "minPrice=17"):
        assert find(catalogue, query) == ["Shirt"], query
    for variant in created["variantIds"]:
        catalogue.archive(variant)
    catalogue.index()
    assert find(catalogue, "q=shirt") == []


def test_facets_count_exactly_what_is_found(catalogue):
    facets = catalogue.get("/products/facets?q=mango").json_body

    assert (facets["total"], facets["inStock"]) == (3, 2)
    assert {one["slug"]: (one["name"], one["count"]) for one in facets["categories"]} == {
        "food": ("Food", 3), "bowls": ("Bowls", 2), "breakfast": ("Breakfast", 1),
        "drinks": ("Drinks", 1),
    }  # fmt: skip
    diet, spicy = facets["attributes"]
    assert (diet["key"], diet["name"]) == ("diet", "Diet")
    assert {one["value"]: one["count"] for one in diet["values"]} == {
        "Fish": 1, "Vegan": 1, "Vegetarian": 1,
    }  # fmt: skip
    assert (spicy["type"], spicy["values"]) == ("YES_NO", [{"value": True, "count": 1}])
    assert sum(band["count"] for band in facets["prices"]) == 3
    none = catalogue.get("/products/facets?q=xyzzy").json_body
    assert (none["total"], none["prices"], none["attributes"]) == (0, [], [])


@pytest.mark.parametrize("query", ["", "category=food", "attr.diet=vegan|fish", "minPrice=5"])
def test_each_facet_is_the_number_of_products_behind_it(catalogue, query):
    facets = catalogue.get(f"/products/facets?{query}").json_body

    assert facets["total"] == len(find(catalogue, query))
    for attribute in facets["attributes"]:
        for one in attribute["values"]:
            value = str(one["value"]).lower()
            if f"attr.{attribute['key']}" not in query:
                narrowed = find(catalogue, f"{query}&attr.{attribute['key']}={value}")
                assert len(narrowed) == one["count"]
    for category in facets["categories"]:
        if "category" not in query:
            narrowed = find(catalogue, f"{query}&category={quote(category['slug'])}")
            assert len(narrowed) == category["count"]


def test_suggestions_come_while_one_types(catalogue):
    suggested = catalogue.get("/products/suggest?q=b").json_body
    assert {one["name"]: one["productId"] for one in suggested["products"]} == {
        name: product_id(catalogue, name) for name in (BUDDHA, POKE, CREME)
    }
    assert suggested["categories"] == [
        {"slug": "bowls", "name": "Bowls"}, {"slug": "breakfast", "name": "Breakfast"},
    ]  # fmt: skip
    one = catalogue.get("/products/suggest?q=salm&limit=1").json_body
    assert [product["name"] for product in one["products"]] == [POKE]
    assert catalogue.get("/products/suggest").status_code == 400


def product_id(shop, name):
    return shop.get(f"/products?q={quote(name)}").json_body[0]["productId"]


def test_a_category_that_moves_takes_its_products_along(catalogue):
    catalogue.api.patch("/categories/bowls", {"parent": "drinks"}, token=catalogue.admin)
    catalogue.index()

    assert find(catalogue, "category=food") == [LASSI]
    assert find(catalogue, "category=drinks") == [LASSI, BUDDHA, POKE]


def test_scripts_without_spaces_are_searched_by_their_parts(shop):
    shop.create(name="抹茶ラテ", price=3)
    shop.create(name="दाल", price=4)
    shop.create(name="दिल", price=5)
    shop.index()

    assert find(shop, f"q={quote('茶')}") == ["抹茶ラテ"]
    assert find(shop, f"q={quote('茶抹')}") == []
    assert find(shop, f"q={quote('दाल')}") == ["दाल"]


def test_words_are_stemmed_in_the_language_of_the_shop(shop, monkeypatch):
    monkeypatch.setenv("SHOP_LANGUAGE", "de")
    shop.create(name="Schüssel", description="Für Brötchen", price=3)
    shop.index()

    assert find(shop, f"q={quote('Schüsseln')}") == ["Schüssel"]
    assert find(shop, "q=schussel") == ["Schüssel"]
