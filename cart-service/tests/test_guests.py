"""Carts of people who have not logged in."""

import re
import time

from actors import Guest
from tables import BOWL, row, rows

DAY = 24 * 3600
NO_SUCH_CART = {"Code": "CartNotFound", "Message": "there is no such guest cart, or it has expired"}


def test_a_guest_gets_a_cart_and_the_secret_that_opens_it(guest, bowl):
    assert guest.created.status_code == 201
    assert set(guest.created.json_body) == {"guestCart", "expiresAt"}

    added = guest.add(bowl, 2)

    assert (added.status_code, added.json_body) == (
        200,
        {"message": "Added to cart", "productId": BOWL, "qty": 2},
    )
    assert guest.read().json_body == [
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


def test_a_guest_can_do_what_a_customer_can(guest, sell, bowl):
    guest.add(bowl, 2)
    guest.add(sell("PROD#002"))
    guest.add(sell("PROD#003"))

    assert guest.set_quantity(bowl, 7).json_body["qty"] == 7
    assert guest.remove("PROD#002").json_body["qty"] == 0
    assert guest.cart == {bowl: 7, "PROD#003": 1}

    assert guest.empty().json_body == {"message": "Cart emptied"}
    assert guest.cart == {}
    assert guest.add(bowl).status_code == 200


def test_a_guests_cart_is_read_page_by_page(guest, sell):
    for number in range(3):
        guest.add(sell(f"PROD#{number}"))

    first = guest.read("?limit=2")
    second = guest.read(f"?limit=2&cursor={first.headers['X-Next-Cursor']}")

    assert [line["productId"] for line in first.json_body] == ["PROD#0", "PROD#1"]
    assert [line["productId"] for line in second.json_body] == ["PROD#2"]


def test_what_holds_for_customers_holds_for_guests(guest, sell, bowl):
    guest.add(bowl, 98)
    sell("PROD#002", status="ARCHIVED")

    responses = [
        guest.add(bowl, 2),
        guest.add("PROD#002"),
        guest.add(bowl, 0),
        guest.set_quantity("PROD#9", 1),
    ]

    assert [(response.status_code, response.json_body["Code"]) for response in responses] == [
        (409, "TooManyOfProduct"),
        (404, "ProductNotFound"),
        (400, "InvalidBody"),
        (404, "CartItemNotFound"),
    ]
    assert guest.cart == {bowl: 98}


def test_a_guests_repeat_adds_nothing(guest, bowl):
    first = guest.add(bowl, 2, key="click-1")

    assert guest.add(bowl, 2, key="click-1").json_body == first.json_body
    assert guest.add(bowl, 3, key="click-1").json_body["Code"] == "IdempotencyKeyReused"
    assert guest.cart == {bowl: 2}


def test_secrets_are_long_and_no_two_are_alike(api, guest):
    secrets = {Guest(api).secret for _ in range(20)} | {guest.secret}

    assert len(secrets) == 21
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in secrets)


def test_the_table_holds_no_secret_and_no_personal_data(guest, bowl):
    guest.add(bowl, 2, key="click-1")

    kept = rows(guest.owner_id)
    assert {each["productId"] for each in kept} == {BOWL, "KEY#GUEST", "KEY#REQUEST#click-1"}
    assert guest.secret not in str(kept)
    assert set().union(*kept) == {
        "userId", "productId", "qty", "addedAt", "updatedAt", "expiresAt", "status", "bodyHash",
        "shownPriceMinor",
    }  # fmt: skip


def test_a_guests_cart_and_its_items_expire_after_30_days(guest, bowl):
    guest.add(bowl, 2)
    guest.set_quantity(bowl, 3)
    expiry = row(guest.owner_id, "KEY#GUEST")["expiresAt"]

    assert abs(float(expiry) - time.time() - 30 * DAY) < 60
    assert row(guest.owner_id, bowl)["expiresAt"] == expiry


def test_a_customers_items_never_expire(jimmy, bowl):
    jimmy.add(bowl, 2)

    assert "expiresAt" not in row(jimmy.user_id, bowl)


def test_unknown_and_expired_carts_get_the_same_response(guest, bowl, jimmy):
    guest.add(bowl, 2)
    guest.expire()
    expired = [*guest.call_every_route(), jimmy.merge(guest.secret)]
    for made_up in ("x", "x" * 43, "GUEST#1", "../..", "ä"):
        guest.secret = made_up
        unknown = [*guest.call_every_route(), jimmy.merge(made_up)]

        for response in expired + unknown:
            assert (response.status_code, response.json_body) == (404, NO_SUCH_CART), made_up


def test_the_hash_in_the_table_opens_nothing(guest, bowl):
    guest.add(bowl, 2)
    key = guest.owner_id

    for stolen in (key, key.removeprefix("GUEST#")):
        guest.secret = stolen
        assert {response.status_code for response in guest.call_every_route()} == {404}


def test_a_request_without_the_secret_is_refused(guest, jimmy):
    guest.secret = ""

    for response in [*guest.call_every_route(), jimmy.merge(None)]:
        assert (response.status_code, response.json_body["Code"]) == (400, "GuestCartMissing")
        assert "X-Guest-Cart" in response.json_body["Message"]


def test_carts_of_guests_and_customers_are_separate(api, guest, jimmy, bowl):
    other = Guest(api)
    guest.add(bowl, 2, key="click-1")
    other.add(bowl, 3, key="click-1")
    jimmy.add(bowl, 4, key="click-1")
    other.remove(bowl)

    assert (guest.cart, other.cart, jimmy.cart) == ({bowl: 2}, {}, {bowl: 4})


def test_nobody_reaches_a_guests_cart_as_a_user(guest, admin, bowl):
    guest.add(bowl, 2)

    for response in (
        admin.read(f"?userId={guest.owner_id.replace('#', '%23')}"),
        admin.add(bowl, 1, userId=guest.owner_id),
    ):
        assert (response.status_code, response.json_body["Code"]) == (400, "InvalidId")
    assert admin.read(f"?userId={guest.owner_id.removeprefix('GUEST#')}").json_body == []
    assert guest.cart == {bowl: 2}


def test_a_guest_cannot_name_a_user(guest, jimmy, bowl):
    body = {"productId": bowl, "quantity": 2, "userId": jimmy.user_id}

    assert guest.request("POST", "/items", body).status_code == 200
    assert guest.read("?userId=01JIMMY").json_body[0]["qty"] == 2
    assert (guest.cart, jimmy.cart) == ({bowl: 2}, {})


def test_a_browser_may_send_the_secret(api):
    for path in ("/cart/guest", "/cart/guest/items", "/cart/merge"):
        (entry, *_) = api.app.routes[path].values()

        assert (
            "X-Guest-Cart"
            in entry.cors.get_access_control_headers()["Access-Control-Allow-Headers"]
        )


def test_the_secret_is_in_no_log(guest, jimmy, bowl, caplog):
    guest.add(bowl)
    jimmy.merge(guest.secret)
    guest.call_every_route()

    written = str([vars(record) for record in caplog.records])
    assert "/cart/guest/items" in written
    assert guest.secret not in written


def test_concurrent_additions_of_a_guest_are_all_kept(guest, bowl, concurrently):
    responses = concurrently(*[lambda: guest.add(bowl, 2)] * 8)

    assert {response.status_code for response in responses} == {200}
    assert guest.cart == {bowl: 16}
