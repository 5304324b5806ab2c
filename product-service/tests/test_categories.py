import pytest


def create(shop, name, parent=None, **more):
    body = {"name": name, **({"parent": parent} if parent else {}), **more}
    return shop.api.post("/categories", body, token=shop.admin)


def change(shop, slug, **changes):
    return shop.api.patch(f"/categories/{slug}", changes, token=shop.admin)


def delete(shop, slug):
    return shop.api.delete(f"/categories/{slug}", token=shop.admin)


def tree(shop):
    """The tree as nested names."""

    def names(nodes):
        return {one["name"]: names(one.get("children", [])) for one in nodes}

    return names(shop.get("/categories").json_body)


@pytest.fixture
def food(shop):
    """Food, and Bowls and Drinks under it."""
    create(shop, "Food")
    create(shop, "Drinks", "food")
    create(shop, "Bowls", "Food")
    return shop


def test_categories_are_a_tree(food):
    assert tree(food) == {"Food": {"Bowls": {}, "Drinks": {}}}
    assert create(food, "Hot Bowls", "bowls").json_body == {
        "slug": "hot-bowls", "name": "Hot Bowls", "parent": "bowls",
    }  # fmt: skip
    assert tree(food) == {"Food": {"Bowls": {"Hot Bowls": {}}, "Drinks": {}}}


def test_a_category_may_have_a_name_in_any_script(shop):
    created = create(shop, "ชา & กาแฟ").json_body

    assert created == {"slug": "ชา-กาแฟ", "name": "ชา & กาแฟ"}
    assert change(shop, "ชา-กาแฟ", name="दाल").status_code == 200
    assert change(shop, "%E0%B8%8A%E0%B8%B2-%E0%B8%81%E0%B8%B2%E0%B9%81%E0%B8%9F", position=2)
    assert tree(shop) == {"दाल": {}}


def test_categories_have_the_order_that_staff_gives_them(food):
    change(food, "bowls", position=2)
    change(food, "drinks", position=1)

    assert list(tree(food)["Food"]) == ["Drinks", "Bowls"]


def test_a_repeat_creates_nothing_and_a_taken_slug_is_refused(food):
    assert create(food, "Bowls", "food").status_code == 201
    assert create(food, "Bowls").json_body["Code"] == "CategoryExists"
    assert create(food, "Pots", slug="Bowls").json_body["Code"] == "CategoryExists"
    assert tree(food) == {"Food": {"Bowls": {}, "Drinks": {}}}


def test_a_category_is_moved_with_all_that_is_under_it(food):
    create(food, "Shop")

    assert change(food, "food", parent="shop").status_code == 200
    assert tree(food) == {"Shop": {"Food": {"Bowls": {}, "Drinks": {}}}}
    assert change(food, "food", parent=None).status_code == 200
    assert tree(food) == {"Food": {"Bowls": {}, "Drinks": {}}, "Shop": {}}


def test_no_category_stands_under_itself(food):
    for parent in ("food", "bowls"):
        refused = change(food, "food", parent=parent)
        assert (refused.status_code, refused.json_body["Code"]) == (400, "CategoryTreeInvalid")
    assert tree(food) == {"Food": {"Bowls": {}, "Drinks": {}}}


def test_two_moves_at_once_make_no_cycle(food, before_write):
    create(food, "Shop")
    before_write(lambda: change(food, "shop", parent="food"))

    refused = change(food, "food", parent="shop")

    assert refused.json_body["Code"] == "CategoryTreeInvalid"
    assert tree(food) == {"Food": {"Bowls": {}, "Drinks": {}, "Shop": {}}}


def test_the_tree_is_bounded(food):
    slugs = ["bowls"]
    for level in range(3, 6):
        assert create(food, f"Level {level}", slugs[-1]).status_code == 201
        slugs.append(f"level-{level}")
    assert create(food, "Level 6", "level-5").json_body["Code"] == "CategoryTreeInvalid"
    create(food, "Shop")
    assert change(food, "food", parent="shop").json_body["Code"] == "CategoryTreeInvalid"


def test_an_unknown_parent_or_category_is_named(shop):
    assert create(shop, "Bowls", "nobody").json_body["Message"].startswith("parent: ")
    assert change(shop, "nobody", name="x").status_code == 404
    assert delete(shop, "nobody").status_code == 404
    assert delete(shop, "%21").status_code == 404


def test_only_a_category_without_products_and_children_is_deleted(food):
    bowl = food.create(category="Bowls")
    lunch = food.create(categories=["Drinks"], status="DRAFT")
    food.index()

    refused = [delete(food, slug) for slug in ("food", "bowls", "drinks")]
    assert [(one.status_code, one.json_body["Code"]) for one in refused] == (
        [(409, "CategoryInUse")] * 3
    )
    food.archive(bowl)
    food.change(lunch, categories=[])
    food.index()
    assert [delete(food, slug).status_code for slug in ("bowls", "drinks", "food")] == [204] * 3
    assert tree(food) == {}


def test_customers_change_no_categories(food):
    body = {"name": "x"}
    for method, path in (("POST", ""), ("PATCH", "/food"), ("DELETE", "/food")):
        sent = body if method != "DELETE" else None
        refused = food.api.request(method, f"/categories{path}", sent, food.customer, None)
        assert refused.status_code == 403
