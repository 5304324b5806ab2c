from urllib.parse import quote

import pytest
from actors import BOWL

SHIRT = {
    "name": "Shirt",
    "description": "Of linen",
    "category": "clothes",
    "taxClass": "standard",
    "options": ["Size", "Colour"],
    "variants": [
        {"sku": "S-M", "options": {"Size": "M", "Colour": "Red"}, "price": 20, "stock": 3},
        {"sku": "S-L", "options": {"Size": "L", "Colour": "Red"}, "price": 18.5, "stock": 0},
    ],
}
XL = {"sku": "S-XL", "options": {"Size": "XL", "Colour": "Red"}, "price": 17, "stock": 2}


def create(shop, body=SHIRT, key=None, **changes):
    headers = {"Idempotency-Key": key} if key else None
    return shop.api.post("/product", {**body, **changes}, token=shop.admin, headers=headers)


def add(shop, parent, body=XL):
    path = f"/product/{quote(parent, safe='')}/variants"
    return shop.api.post(path, body, token=shop.admin)


@pytest.fixture
def shirt(shop):
    """The id of a parent, and of its variants M and L."""
    created = create(shop).json_body
    return created["productId"], *created["variantIds"]


def names_and_prices(shop, query=""):
    return [(one["name"], one["price"]) for one in shop.get(f"/products{query}").json_body]


def test_a_parent_is_listed_once_at_the_least_price_of_its_variants(shop, shirt, bowl):
    assert names_and_prices(shop) == [("Protein Bowl", 12.99), ("Shirt", 18.5)]
    assert names_and_prices(shop, "?category=clothes&minPrice=18.5") == [("Shirt", 18.5)]


def test_a_parent_shows_its_variants_and_what_is_left_of_them(shop, shirt):
    parent, medium, large = shirt

    shown = shop.show(parent).json_body

    assert (shown["price"], shown["availableStock"], shown["optionNames"]) == (
        18.5, 3, ["Size", "Colour"],
    )  # fmt: skip
    assert shown["variants"] == [
        {"productId": medium, "sku": "S-M", "options": {"Size": "M", "Colour": "Red"},
         "price": 20, "availableStock": 3},
        {"productId": large, "sku": "S-L", "options": {"Size": "L", "Colour": "Red"},
         "price": 18.5, "availableStock": 0},
    ]  # fmt: skip
    bare = parent.removeprefix("PARENT#")
    assert shop.get(f"/product/{bare}").json_body == shown


def test_a_variant_is_a_product_that_orders_can_buy(shop, shirt, order):
    parent, medium, _ = shirt

    shop.reserve(order, **{medium: 2})
    shop.commit(order, **{medium: 2})

    variant = shop.show(medium).json_body
    assert (variant["name"], variant["price"], variant["parentId"]) == (
        "Shirt, M, Red", 20, parent,
    )  # fmt: skip
    assert (variant["availableStock"], variant["taxClass"]) == (1, "standard")
    assert shop.stock(medium) == (1, 0, 2)


def test_a_parent_cannot_be_bought_and_has_no_stock(shop, shirt):
    assert shop.set_stock(shirt[0], 5).json_body["Code"] == "InvalidId"
    assert shop.row("Inventory", productId=shirt[0]) == {}


def test_a_variants_new_price_moves_its_parent_in_the_list(shop, shirt, bowl):
    parent, medium, _ = shirt

    shop.change(medium, price=5)

    assert names_and_prices(shop) == [("Shirt", 5), ("Protein Bowl", 12.99)]
    assert shop.show(parent).json_body["variants"][0]["price"] == 5


def test_an_archived_variant_leaves_its_parent_and_comes_back(shop, shirt):
    parent, medium, large = shirt

    shop.archive(large)
    assert names_and_prices(shop) == [("Shirt", 20)]
    assert shop.show(large).status_code == 404
    assert [one["productId"] for one in shop.show(parent).json_body["variants"]] == [medium]

    shop.change(large, status="ACTIVE")
    assert names_and_prices(shop) == [("Shirt", 18.5)]
    assert shop.show(large).status_code == 200


def test_a_parent_without_variants_left_is_not_listed(shop, shirt):
    for variant in shirt[1:]:
        shop.archive(variant)

    assert names_and_prices(shop) == []


def test_a_parents_name_and_tax_class_are_those_of_its_variants(shop, shirt):
    parent, medium, _ = shirt

    shop.change(parent, name="Linen Shirt", taxClass="reduced")

    variant = shop.show(medium).json_body
    assert (variant["name"], variant["taxClass"]) == ("Linen Shirt, M, Red", "reduced")


def test_no_variant_of_an_archived_or_draft_parent_is_on_sale(shop, shirt):
    parent, _medium, large = shirt
    shop.archive(large)

    shop.archive(parent)
    assert [shop.show(one).status_code for one in shirt] == [404, 404, 404]
    shop.change(parent, status="DRAFT")
    assert [shop.show(one).status_code for one in shirt] == [404, 404, 404]
    shop.change(parent, status="ACTIVE")
    assert [shop.show(one).status_code for one in shirt] == [200, 200, 404]
    assert names_and_prices(shop) == [("Shirt", 20)]


def test_a_variant_can_be_added_once(shop, shirt):
    parent = shirt[0]

    first, again = add(shop, parent), add(shop, parent)

    assert first.status_code == again.status_code == 201
    assert first.json_body == again.json_body
    assert names_and_prices(shop) == [("Shirt", 17)]
    assert len(shop.show(parent).json_body["variants"]) == 3
    assert add(shop, parent, {**XL, "price": 9}).json_body["Code"] == "VariantExists"
    other = {**XL, "options": {"Size": "S", "Colour": "Red"}}
    assert add(shop, parent, other).json_body["Code"] == "SkuTaken"


def test_a_variant_is_added_though_its_parent_changes_meanwhile(shop, shirt, before_write):
    parent, medium, _ = shirt
    before_write(lambda: shop.change(medium, price=3))

    assert add(shop, parent).status_code == 201
    assert names_and_prices(shop) == [("Shirt", 3)]
    assert len(shop.show(parent).json_body["variants"]) == 3


def test_a_parents_fields_are_not_changed_at_a_variant(shop, shirt):
    parent, medium, _ = shirt

    refused = [
        shop.change(medium, name="Other"), shop.change(medium, status="DRAFT"),
        shop.change(parent, price=4),
    ]  # fmt: skip

    assert {(one.status_code, one.json_body["Code"]) for one in refused} == {(409, "VariantField")}


def test_a_repeat_with_its_key_creates_no_second_parent(shop):
    first, again = create(shop, key="k-1"), create(shop, key="k-1")

    assert first.json_body == again.json_body
    assert len(shop.rows("Inventory")) == 2
    assert create(shop, key="k-1", name="Coat").status_code == 422
    assert create(shop, BOWL, key="k-1").status_code == 422


def test_a_taken_sku_creates_nothing_of_a_parent(shop):
    shop.create(sku="S-L")
    before = shop.rows("Products")

    assert create(shop).json_body["Code"] == "SkuTaken"
    assert len(shop.rows("Products")) == len(before)


VARIANT = SHIRT["variants"][0]
WRONG = {
    "price": {"price": 3},
    "stock": {"stock": 3},
    "options": {"options": []},
    "variants": {"variants": [VARIANT, VARIANT]},
}


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_parent_is_refused_and_its_field_named(shop, field):
    refused = create(shop, **WRONG[field])

    assert refused.status_code == 400
    assert refused.json_body["Message"].startswith(f"{field}: ")
    assert shop.rows("Products") == []


def test_variants_without_a_value_for_each_option_are_refused(shop):
    for options in ({"Size": "M"}, {"Size": "M", "Colour": "Red", "Fit": "Slim"}, {"Fit": "x"}):
        refused = create(shop, variants=[{**VARIANT, "options": options}])
        assert refused.json_body["Message"].startswith("options: "), options
    many = [
        {"options": {"Size": str(size), "Colour": "Red"}, "price": 1, "stock": 1}
        for size in range(25)
    ]
    assert create(shop, variants=many[:24]).status_code == 201
    assert create(shop, variants=many).status_code == 400
