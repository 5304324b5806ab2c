import pytest
from actors import BOWL

OAK = [
    {"name": "Material", "type": "TEXT", "value": "Oak"},
    {"name": "Width in cm", "type": "NUMBER", "value": 12.5},
    {"name": "Foldable", "type": "YES_NO", "value": True},
    {"name": "Colour", "type": "COLOUR", "value": "#aa3322", "label": "Brick"},
]


def create(shop, **changes):
    return shop.api.post("/product", {**BOWL, **changes}, token=shop.admin)


def managed(shop, product_id):
    path = f"/products/all/{product_id.replace('#', '%23')}"
    return shop.api.get(path, token=shop.admin)


def test_attributes_keep_their_types(shop):
    product_id = shop.create(attributes=OAK, taxClass="Reduced Rate", weightGrams=350)

    shown = shop.show(product_id).json_body

    assert shown["attributes"] == [
        {"name": "Material", "value": "Oak"},
        *OAK[1:],
    ]
    assert (shown["taxClass"], shown["weightGrams"]) == ("reduced-rate", 350)


WRONG = [
    ("attributes", [{"name": "Width", "type": "NUMBER", "value": "12"}]),
    ("attributes", [{"name": "Foldable", "type": "YES_NO", "value": 1}]),
    ("attributes", [{"name": "Colour", "type": "COLOUR", "value": "red"}]),
    ("attributes", [{"name": "Colour", "value": True}]),
    ("attributes", [{"name": "A b", "value": "x"}, {"name": "a-b", "value": "y"}]),
    ("attributes", [{"name": "!", "value": "x"}]),
    ("attributes", [{"name": f"n{number}", "value": "x"} for number in range(51)]),
    ("weightGrams", -1), ("weightGrams", 1.5), ("taxClass", ""), ("slug", "!"),
    ("status", "ARCHIVED"), ("status", "LIVE"),
    ("compareAtPrice", -1), ("compareAtPrice", 0), ("compareAtFrom", "2026-11-27"),
    ("compareAtFrom", "2026-11-27T10:00:00"), ("relatedIds", ["ORDER#1"]),
    ("relatedIds", ["PROD#01NOBODY"]), ("categories", ["!"]),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG)
def test_a_wrong_detail_is_refused_and_named(shop, field, value):
    refused = create(shop, **{field: value})

    assert refused.status_code == 400
    assert refused.json_body["Message"].startswith(field), refused.json_body
    assert shop.rows("Products") == []


def test_a_draft_is_seen_by_staff_alone_until_it_is_active(shop):
    draft = shop.create(status="DRAFT")

    assert shop.show(draft).status_code == 404
    assert shop.get("/products").json_body == []
    assert managed(shop, draft).json_body["status"] == "DRAFT"
    refused = shop.api.get(f"/products/all/{draft.replace('#', '%23')}", token=shop.customer)
    assert refused.status_code == 403

    shop.change(draft, status="ACTIVE")
    assert shop.show(draft).status_code == 200
    assert len(shop.get("/products").json_body) == 1


def test_an_archived_product_comes_back_with_its_stock(shop, bowl):
    shop.archive(bowl)
    assert shop.change(bowl, price=3).status_code == 404

    back = shop.change(bowl, status="ACTIVE", price=3)

    assert (back.status_code, back.json_body["price"]) == (200, 3)
    assert shop.show(bowl).json_body["availableStock"] == 5
    assert [one["productId"] for one in shop.get("/products").json_body] == [bowl]


def test_no_two_products_share_a_slug_and_it_can_be_changed(shop, bowl):
    other = shop.create(slug="Protein Bowl")
    assert [one["productId"] for one in shop.get("/products?slug=protein-bowl").json_body] == [
        other
    ]
    assert create(shop, slug="protein-bowl").json_body["Code"] == "SlugTaken"
    assert shop.change(bowl, slug="protein-bowl").json_body["Code"] == "SlugTaken"

    shop.change(other, slug="bowl")
    assert shop.get("/products?slug=protein-bowl").json_body == []
    assert shop.change(bowl, slug="protein-bowl").json_body["slug"] == "protein-bowl"
    shop.change(bowl, slug=None)
    assert create(shop, slug="protein-bowl").status_code == 201


def test_sku_and_slug_are_not_asked_together(shop):
    for query in ("sku=a&slug=b", "slug=b&category=c", "sku=a&minPrice=1"):
        assert shop.get(f"/products?{query}").status_code == 400


def test_a_price_to_compare_with_is_shown_in_its_time(shop):
    always = shop.create(compareAtPrice=15)
    past = shop.create(compareAtPrice=15, compareAtUntil="2020-01-01T00:00:00Z")
    future = shop.create(compareAtPrice=15, compareAtFrom="2999-01-01T00:00:00+02:00")
    lower = shop.create(compareAtPrice=10)

    prices = [shop.show(one).json_body.get("compareAtPrice") for one in (always, past, future)]

    assert prices == [15, None, None]
    assert "compareAtPrice" not in shop.show(lower).json_body
    seen_by_staff = managed(shop, future).json_body
    assert (seen_by_staff["compareAtPrice"], seen_by_staff["compareAtFrom"]) == (
        15, "2998-12-31T22:00:00.000Z",
    )  # fmt: skip
    shop.change(always, compareAtPrice=None)
    assert "compareAtPrice" not in shop.show(always).json_body


def test_dates_of_a_price_to_compare_with_are_in_order(shop):
    dates = {"compareAtFrom": "2026-02-01T00:00:00Z", "compareAtUntil": "2026-01-01T00:00:00Z"}

    assert create(shop, **dates).json_body["Message"].startswith("compareAtUntil")


def test_related_products_are_shown_while_they_are_on_sale(shop, bowl, tea):
    third = shop.create(relatedIds=[tea, bowl])
    shop.archive(bowl)

    assert [one["productId"] for one in shop.show(third).json_body["related"]] == [tea]
    assert managed(shop, third).json_body["relatedIds"] == [tea, bowl]
    assert "related" not in shop.show(tea).json_body


def test_details_are_changed_and_removed(shop, bowl):
    shop.change(bowl, attributes=OAK, taxClass="reduced", weightGrams=3, categories=["Lunch"])
    shown = shop.show(bowl).json_body
    assert (len(shown["attributes"]), shown["categories"]) == (4, ["lunch"])

    shop.change(bowl, attributes=[], taxClass=None, weightGrams=None, categories=[])
    assert not {"attributes", "taxClass", "weightGrams", "categories"} & (
        shop.show(bowl).json_body.keys()
    )


def test_another_detail_under_a_used_key_is_refused(shop):
    def send(**changes):
        headers = {"Idempotency-Key": "k"}
        body = {**BOWL, **changes}
        return shop.api.post("/product", body, token=shop.admin, headers=headers).status_code

    assert (send(weightGrams=3), send(weightGrams=3), send(), send(weightGrams=4)) == (
        201, 201, 422, 422,
    )  # fmt: skip
