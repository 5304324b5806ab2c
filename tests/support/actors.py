"""Customers and admins of the shop, who use its HTTP API alone."""

import threading
import time
import uuid
from collections.abc import Callable, Generator
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from devcloud import settings
from devcloud.shop import Shop

PASSWORD = "test123"
FINAL = ("CONFIRMED", "FAILED", "CANCELLED", "EXPIRED")  # of a checkout
TIMEOUT_SECONDS = 40

Value = TypeVar("Value")


class TokenRenewal(httpx.Auth):
    """Renews an expired access token as a browser would: tests may outlive it."""

    def __init__(self, http: httpx.Client, refresh_token: str) -> None:
        self._http, self._refresh_token, self._lock = http, refresh_token, threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request, and once more with a new token if the old one is rejected."""
        response = yield request
        if response.status_code == 401 and "Authorization" in request.headers:
            request.headers["Authorization"] = self._renew(request.headers["Authorization"])
            yield request

    def _renew(self, old: str) -> str:
        with self._lock:
            if self._http.headers["Authorization"] == old:
                url = self._http.base_url.join("/user/refresh")
                body = {"refreshToken": self._refresh_token}
                session = ok(httpx.post(url, json=body, timeout=TIMEOUT_SECONDS))
                self._refresh_token = session["refreshToken"]
                self._http.headers["Authorization"] = f"Bearer {session['token']}"
            return self._http.headers["Authorization"]


class Account:
    """A logged-in account."""

    def __init__(self, http: httpx.Client, user_id: str, email: str) -> None:
        self.http, self.user_id, self.email = http, user_id, email

    @classmethod
    def log_in(cls, url: str, email: str, password: str) -> Self:
        """Log in. The session is renewed as long as it is used."""
        http = httpx.Client(base_url=url, timeout=TIMEOUT_SECONDS)
        session = ok(http.post("/user/login", json={"email": email, "password": password}))
        http.headers["Authorization"] = f"Bearer {session['token']}"
        http.auth = TokenRenewal(http, session["refreshToken"])
        return cls(http, session["userId"], email)

    def close(self) -> None:
        """Close the connections."""
        self.http.close()


class Customer(Account):
    """An account that buys."""

    @classmethod
    def register(cls, url: str) -> Self:
        """Register a new customer, and log in."""
        email = f"jimmy-{uuid.uuid4().hex[:10]}@example.com"
        person = {"email": email, "password": PASSWORD, "name": "Jimmy Patel"}
        ok(httpx.post(f"{url}/user/register", json=person, timeout=TIMEOUT_SECONDS), 201)
        return cls.log_in(url, email, PASSWORD)

    @classmethod
    def log_in_demo_customer(cls, shop: Shop) -> Self:
        """Log in the customer that every local shop is created with."""
        password = settings.of(shop.directory).customer_password
        return cls.log_in(shop.url, settings.CUSTOMER_EMAIL, password)

    def add_to_cart(self, product_id: str, quantity: int = 1) -> None:
        """Add a quantity of a product to the cart."""
        ok(self.http.post("/cart", json={"productId": product_id, "quantity": quantity}))

    def get_cart(self) -> list[dict[str, Any]]:
        """The lines of the cart."""
        return ok(self.http.get("/cart"))

    def check_out(
        self, payment_method: str | None = "pm_card_visa", key: str | None = None, **more: Any
    ) -> httpx.Response:
        """Start the checkout of the cart, or of a stored order."""
        method = {"paymentMethod": payment_method} if payment_method else {}
        headers = {"Idempotency-Key": key} if key else {}
        return self.http.post(
            "/checkout", json={"method": "CARD", **method, **more}, headers=headers
        )

    def buy(
        self, product_id: str, quantity: int = 1, payment_method: str | None = "pm_card_visa"
    ) -> str:
        """Add a product to the cart and check out. Returns the order's id."""
        self.add_to_cart(product_id, quantity)
        return ok(self.check_out(payment_method), 202)["orderId"]

    def order(self, product_id: str, quantity: int = 1, **more: Any) -> str:
        """Order without the cart. Returns the order's id."""
        body = {"cartItems": [{"productId": product_id, "qty": quantity}], **more}
        return ok(self.http.post("/order", json=body), 201)["orderId"]

    def cancel(self, order_id: str) -> httpx.Response:
        """Cancel an order."""
        return self.http.post(f"/order/{quote(order_id, safe='')}/cancel")

    def get_checkout(self, order_id: str) -> dict[str, Any]:
        """The present state of the order's checkout."""
        return ok(self.http.get(f"/checkout/{quote(order_id, safe='')}"))

    def await_outcome(self, order_id: str, seconds: float = 60) -> dict[str, Any]:
        """The checkout once it has ended."""
        return poll_until(
            lambda: self.get_checkout(order_id),
            lambda checkout: checkout["status"] in FINAL,
            seconds,
        )

    def await_next_action(self, order_id: str, seconds: float = 30) -> dict[str, Any]:
        """What the customer has to do, as soon as the checkout says so."""
        checkout = poll_until(
            lambda: self.get_checkout(order_id),
            lambda checkout: "nextAction" in checkout,
            seconds,
        )
        return checkout["nextAction"]


class Admin(Account):
    """An account with the role admin."""

    def create_product(self, **product: Any) -> str:
        """Create a product. Returns its id."""
        return ok(self.http.post("/product", json=product), 201)["productId"]

    def get_report(self, day: str) -> dict[str, Any]:
        """The report of a day."""
        rows = ok(self.http.get("/analytics/reports", params={"day": day}))
        return rows[0] if rows else {}

    def list_events(self, user_id: str) -> list[dict[str, Any]]:
        """The logged events of a customer."""
        return ok(self.http.get("/analytics/events", params={"userId": user_id, "limit": 100}))


def ok(response: httpx.Response, status: int = 200) -> Any:
    """The body of a response that must have this status."""
    assert response.status_code == status, (
        f"{response.request.url}: {response.status_code} {response.text}"
    )
    return response.json()


def poll_until(
    read: Callable[[], Value], is_enough: Callable[[Value], object], seconds: float
) -> Value:
    """Read until the value is enough. Fails the test after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        value = read()
        if is_enough(value):
            return value
        assert time.monotonic() < end, f"after {seconds:.0f} s it still was {value}"
        time.sleep(0.1)
