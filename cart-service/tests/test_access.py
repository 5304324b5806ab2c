"""Whose cart it is."""

import json

import pytest

from testkit.tokens import JIMMY

# The header X-Guest-Cart opens a guest's cart, where these need one: see test_guests.py.
PUBLIC_ROUTES = {
    ("POST", "/cart/guest"),
    ("GET", "/cart/guest"),
    ("DELETE", "/cart/guest"),
    ("POST", "/cart/guest/items"),
    ("PATCH", "/cart/guest/items/{product_id}"),
    ("DELETE", "/cart/guest/items/{product_id}"),
}


def test_the_public_routes_are_these(api):
    unguarded = {
        (method, path)
        for path, methods in api.app.routes.items()
        for method, route in methods.items()
        if route.authorizer is None and method != "HEAD"  # as GET
    }

    assert unguarded == PUBLIC_ROUTES


def test_every_route_is_in_the_readme(api, service):
    page = (service / "README.md").read_text()
    routes = [
        (method, path)
        for path, methods in api.app.routes.items()
        for method in methods
        if method != "HEAD"  # as GET
    ]

    assert len(routes) == 12
    for method, path in routes:
        assert f"{method} {path.replace('product_id', 'productId')}" in page


CALLS = [
    ("POST", "/cart"),
    ("GET", "/cart"),
    ("DELETE", "/cart"),
    ("PATCH", "/cart/001"),
    ("DELETE", "/cart/001"),
    ("POST", "/cart/merge"),
]


@pytest.mark.parametrize("token", [None, "abc", "a.b.c"])
def test_a_request_without_a_valid_token_is_refused(api, tokens, bowl, token):
    for method, path in CALLS:
        response = api.request(method, path, {"productId": bowl, "quantity": 1}, token, {})

        assert response.status_code in (401, 403), (method, path)


def test_a_customer_may_name_themself(jimmy, bowl):
    assert jimmy.add(bowl, 2, userId=JIMMY).status_code == 200
    assert jimmy.read("?userId=USER%2301JIMMY").json_body[0]["qty"] == 2
    assert jimmy.read("?userId=01JIMMY").json_body[0]["qty"] == 2
    assert jimmy.set_quantity(bowl, 3, userId=JIMMY).status_code == 200
    assert jimmy.remove(bowl, "?userId=01JIMMY").status_code == 200
    assert jimmy.empty("?userId=01JIMMY").status_code == 200


def test_a_customer_may_not_use_anothers_cart(jimmy, anna, bowl):
    jimmy.add(bowl, 2)

    responses = [
        anna.add(bowl, 1, userId=JIMMY),
        anna.read("?userId=01JIMMY"),
        anna.set_quantity(bowl, 9, userId=JIMMY),
        anna.remove(bowl, "?userId=01JIMMY"),
        anna.empty("?userId=01JIMMY"),
    ]

    assert [(r.status_code, r.json_body["Code"]) for r in responses] == [(403, "NotYours")] * 5
    assert (jimmy.cart, anna.cart) == ({bowl: 2}, {})


def test_an_admin_may_change_any_cart(jimmy, admin, bowl):
    assert admin.add(bowl, 2, userId=JIMMY).status_code == 200
    assert [line["qty"] for line in admin.read("?userId=01JIMMY").json_body] == [2]
    assert admin.set_quantity(bowl, 5, userId=JIMMY).status_code == 200
    assert (jimmy.cart, admin.cart) == ({bowl: 5}, {})

    assert admin.remove(bowl, "?userId=01JIMMY").status_code == 200
    assert jimmy.cart == {}


def test_an_invalid_user_id_is_refused(admin, sell):
    for user_id in ("", "%00", "USER%23", "a%20b", "x" * 100, "PROD%23001"):
        response = admin.read(f"?userId={user_id}")

        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidId"), user_id


def test_every_function_has_exactly_the_permissions_it_needs(service):
    """Only the API reads the catalogue, and only the authorizer the public keys."""
    may = {}
    for path in (service / ".chalice").glob("policy-*.json"):
        for statement in json.loads(path.read_text())["Statement"]:
            may.setdefault(statement["Sid"], set()).add(path.stem.removeprefix("policy-"))

    everybody = {"api", "authorizer", "clear-cart", "on-account-deleted", "on-clear-cart"}
    assert may == {
        "Carts": everybody - {"authorizer"},
        "Products": {"api"},
        "PublicKeys": {"authorizer"},
        "Queue": {"on-account-deleted", "on-clear-cart"},
        "Logs": everybody,
        "Traces": everybody,
    }
