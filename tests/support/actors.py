"""The people of the shop, who come in by HTTP and nowhere else."""

import threading
import time
import uuid
from collections.abc import Generator
from typing import Any, Self
from urllib.parse import quote

import httpx

from devcloud import settings
from devcloud.shop import Shop

PASSWORD = "test123"
FINAL = ("CONFIRMED", "FAILED", "CANCELLED", "EXPIRED")


class Renewal(httpx.Auth):
    """Renews the access token when it is out of date, as a browser would: a long test is longer than a token lives."""

    def __init__(self, http: httpx.Client, refresh_token: str) -> None:
        self._http, self._refresh_token, self._turn = http, refresh_token, threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        answer = yield request
        if answer.status_code == 401 and "Authorization" in request.headers:
            request.headers["Authorization"] = self._renewed(request.headers["Authorization"])
            yield request

    def _renewed(self, old: str) -> str:
        with self._turn:
            if self._http.headers["Authorization"] == old:
                body = {"refreshToken": self._refresh_token}
                answer = ok(
                    httpx.post(self._http.base_url.join("/user/refresh"), json=body, timeout=40)
                )
                self._refresh_token = answer["refreshToken"]
                self._http.headers["Authorization"] = f"Bearer {answer['token']}"
            return self._http.headers["Authorization"]


class Person:
    """Somebody with an account."""

    def __init__(self, http: httpx.Client, user_id: str, email: str) -> None:
        self.http, self.user_id, self.email = http, user_id, email

    @classmethod
    def logged_in(cls, url: str, email: str, password: str) -> Self:
        http = httpx.Client(base_url=url, timeout=40)
        answer = ok(http.post("/user/login", json={"email": email, "password": password}))
        http.headers["Authorization"] = f"Bearer {answer['token']}"
        http.auth = Renewal(http, answer["refreshToken"])
        return cls(http, answer["userId"], email)

    def leave(self) -> None:
        self.http.close()


class Customer(Person):
    """Somebody who buys."""

    @classmethod
    def registered(cls, url: str) -> Self:
        email = f"jimmy-{uuid.uuid4().hex[:10]}@example.com"
        person = {"email": email, "password": PASSWORD, "name": "Jimmy Patel"}
        ok(httpx.post(f"{url}/user/register", json=person, timeout=40), 201)
        return cls.logged_in(url, email, PASSWORD)

    @classmethod
    def ready_made(cls, shop: Shop) -> Self:
        """The customer whom every local shop has to try things with."""
        password = settings.of(shop.directory).customer_password
        return cls.logged_in(shop.url, settings.CUSTOMER_EMAIL, password)

    def put_in_cart(self, product_id: str, quantity: int = 1) -> None:
        ok(self.http.post("/cart", json={"productId": product_id, "quantity": quantity}))

    def cart(self) -> list[dict[str, Any]]:
        return ok(self.http.get("/cart"))

    def check_out(
        self, payment_method: str | None = "pm_card_visa", key: str | None = None, **more: Any
    ) -> httpx.Response:
        body = {
            "method": "CARD",
            **({"paymentMethod": payment_method} if payment_method else {}),
            **more,
        }
        return self.http.post(
            "/checkout", json=body, headers={"Idempotency-Key": key} if key else {}
        )

    def buy(
        self, product_id: str, quantity: int = 1, payment_method: str | None = "pm_card_visa"
    ) -> str:
        """Put it in the cart and check out; the order's id."""
        self.put_in_cart(product_id, quantity)
        return ok(self.check_out(payment_method), 202)["orderId"]

    def order(self, product_id: str, quantity: int = 1, **more: Any) -> str:
        """Order without the cart; the order's id."""
        body = {"cartItems": [{"productId": product_id, "qty": quantity}], **more}
        return ok(self.http.post("/order", json=body), 201)["orderId"]

    def cancel(self, order_id: str) -> httpx.Response:
        return self.http.post(f"/order/{quote(order_id, safe='')}/cancel")

    def progress(self, order_id: str) -> dict[str, Any]:
        return ok(self.http.get(f"/checkout/{quote(order_id, safe='')}"))

    def outcome(self, order_id: str, seconds: float = 60) -> dict[str, Any]:
        """Where the checkout ended."""
        return until(lambda: self.progress(order_id), lambda seen: seen["status"] in FINAL, seconds)

    def next_action(self, order_id: str, seconds: float = 30) -> dict[str, Any]:
        """What the shop asks the customer to do."""
        return until(lambda: self.progress(order_id), lambda seen: "nextAction" in seen, seconds)[
            "nextAction"
        ]


class Admin(Person):
    """Somebody who runs the shop."""

    def supply(self, **product: Any) -> str:
        """A new product; its id."""
        return ok(self.http.post("/product", json=product), 201)["productId"]

    def report(self, day: str) -> dict[str, Any]:
        rows = ok(self.http.get("/analytics/reports", params={"day": day}))
        return rows[0] if rows else {}

    def events(self, user_id: str) -> list[dict[str, Any]]:
        return ok(self.http.get("/analytics/events", params={"userId": user_id, "limit": 100}))


def ok(response: httpx.Response, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert response.status_code == status, (
        f"{response.request.url}: {response.status_code} {response.text}"
    )
    return response.json()


def until(look: Any, enough: Any, seconds: float) -> Any:
    """Look again and again until it is enough; AssertionError with the last sight when the time is over."""
    end = time.monotonic() + seconds
    while True:
        seen = look()
        if enough(seen):
            return seen
        assert time.monotonic() < end, f"after {seconds:.0f} s it still was {seen}"
        time.sleep(0.1)
