"""A guest buys, opens the order by a link, and later has an account."""

import re
import uuid
from collections.abc import Iterator
from typing import Any, Self

import httpx
import pytest

from devcloud import sent_mail
from devcloud.shop import Shop
from tests.support.actors import FINAL, PASSWORD, TIMEOUT_SECONDS, Customer, ok, poll_until


class Guest:
    """Somebody with a cart, an address, and no account."""

    def __init__(self, shop: Shop, email: str) -> None:
        self.http = httpx.Client(base_url=shop.url, timeout=TIMEOUT_SECONDS)
        self.email = email
        self.http.headers["X-Guest-Cart"] = ok(self.http.post("/cart/guest"), 201)["guestCart"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def buy(self, product_id: str, quantity: int, method: str | None = "pm_card_visa") -> Any:
        """Order a product. Returns the answer, with id and token."""
        item = {"productId": product_id, "quantity": quantity}
        ok(self.http.post("/cart/guest/items", json=item))
        body = {"email": self.email, "paymentMethod": method}
        known = {name: value for name, value in body.items() if value is not None}
        return ok(self.http.post("/checkout/guest", json=known), 202)

    def get_cart(self) -> list[dict[str, Any]]:
        """The lines of the cart."""
        return ok(self.http.get("/cart/guest"))


@pytest.fixture
def guest(shop: Shop) -> Iterator[Guest]:
    with Guest(shop, f"Gina-{uuid.uuid4().hex[:8]}@example.com") as somebody:
        yield somebody


def open_order(shop: Shop, order: str, token: str, act: str = "") -> httpx.Response:
    """Open the order with the token of a link, or act on it."""
    path = f"{shop.url}/checkout/guest/{order.removeprefix('ORDER#')}{act}"
    headers = {"X-Order-Token": token}
    method = "POST" if act else "GET"
    return httpx.request(method, path, headers=headers, timeout=TIMEOUT_SECONDS)


def await_end(shop: Shop, order: dict[str, Any]) -> dict[str, Any]:
    return poll_until(
        lambda: ok(open_order(shop, order["orderId"], order["orderToken"])),
        lambda shown: shown["status"] in FINAL,
        60,
    )


def await_mail(shop: Shop, email: str, pattern: str) -> re.Match[str]:
    """The first match in a mail to the address."""

    def find() -> re.Match[str] | None:
        mails = sent_mail.latest(shop.aws_endpoint)
        bodies = [mail.body for mail in mails if mail.to.lower() == email.lower()]
        return next(filter(None, (re.search(pattern, body) for body in bodies)), None)

    return poll_until(find, lambda match: match is not None, 60)


def prove_address(shop: Shop, email: str) -> Customer:
    """Register an account with the address, and prove it by the link in the mail."""
    person = {"email": email, "password": PASSWORD, "name": "Gina"}
    ok(httpx.post(f"{shop.url}/user/register", json=person, timeout=TIMEOUT_SECONDS), 201)
    token = await_mail(shop, email, r"email/verify#token=(\S+)")[1]
    body = {"token": token, "password": PASSWORD}
    ok(httpx.post(f"{shop.url}/user/email/verify", json=body, timeout=TIMEOUT_SECONDS))
    return Customer.log_in(shop.url, email, PASSWORD)


def test_a_guest_buys_and_finds_the_order_in_an_account_later(shop, guest, bowl, customer, probe):
    bought = guest.buy(bowl, 2)
    order_id = bought["orderId"]

    assert await_end(shop, bought)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (2 * 1299, 0)
    poll_until(guest.get_cart, lambda lines: lines == [], 60)
    link = await_mail(shop, guest.email, r"/orders/(\w+)#token=(\S+)")
    assert f"ORDER#{link[1]}" == order_id
    assert ok(open_order(shop, order_id, link[2]))["items"][0]["qty"] == 2

    other = guest.buy(bowl, 1, method=None)
    assert open_order(shop, order_id, other["orderToken"]).status_code == 404
    assert open_order(shop, order_id, other["orderToken"], "/cancel").status_code == 404
    ok(open_order(shop, other["orderId"], other["orderToken"], "/cancel"))
    assert await_end(shop, other)["status"] == "CANCELLED"
    stranger = customer()
    assert stranger.http.get(f"/order/{link[1]}").status_code == 404

    gina = prove_address(shop, guest.email.upper())
    joined = poll_until(lambda: ok(gina.http.get("/orders")), lambda orders: len(orders) == 2, 60)
    assert {each["orderId"] for each in joined} == {order_id, other["orderId"]}
    assert ok(gina.http.get(f"/order/{link[1]}"))["status"] == "CONFIRMED"
    assert ok(open_order(shop, order_id, link[2]))["status"] == "CONFIRMED"
    ok(gina.cancel(order_id))
    poll_until(lambda: probe.charged(order_id), lambda sums: sums == (2 * 1299, 2 * 1299), 60)
    gina.close()


def test_what_a_guest_bought_is_not_bought_again_after_the_login(shop, guest, bowl, customer):
    jimmy = customer()
    order = guest.buy(bowl, 2)

    secret = {"X-Guest-Cart": guest.http.headers["X-Guest-Cart"]}
    ok(jimmy.http.post("/cart/merge", headers=secret))

    assert await_end(shop, order)["status"] == "CONFIRMED"
    poll_until(jimmy.get_cart, lambda lines: lines == [], 60)
