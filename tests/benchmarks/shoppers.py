"""Locust users: `locust -f shoppers.py Shopper` or `Trivial`, started by load.py.

LOAD (JSON): `tokens` of customers, `product`, and `path` of what does nothing.
"""

import json
import os
import uuid
from itertools import cycle
from urllib.parse import quote

from locust import HttpUser, task

load = json.loads(os.environ["LOAD"])
_TOKENS = cycle(load["tokens"])


class Shopper(HttpUser):
    """Browses, fills a cart and checks out without pauses: one of eleven requests."""

    def on_start(self) -> None:
        """Take a customer who is logged in: hashing passwords is slow on purpose."""
        self.client.headers["Authorization"] = f"Bearer {next(_TOKENS)}"

    @task(3)
    def browse(self) -> None:
        """The first page of the catalogue."""
        self.client.get("/products?limit=20", name="GET /products")

    @task(3)
    def look(self) -> None:
        """One product."""
        self.client.get(f"/product/{quote(load['product'], safe='')}", name="GET /product/{id}")

    @task(2)
    def see_cart(self) -> None:
        """What is in the cart."""
        self.client.get("/cart", name="GET /cart")

    @task(1)
    def add_to_cart(self) -> None:
        """One piece more."""
        self.client.post(
            "/cart", json={"productId": load["product"], "quantity": 1}, name="POST /cart"
        )

    @task(1)
    def check_out(self) -> None:
        """Fill the cart and check out. The saga runs in the background."""
        self.add_to_cart()
        card = {"method": "CARD", "paymentMethod": "pm_card_visa"}
        key = {"Idempotency-Key": uuid.uuid4().hex}
        with self.client.post(
            "/checkout", json=card, headers=key, name="POST /checkout", catch_response=True
        ) as answer:
            # Checking out again before the cart is cleared buys the same goods,
            # and the next cart may be empty.
            if answer.status_code == 409 and answer.json()["Code"] == "CartEmpty":
                answer.success()


class Trivial(HttpUser):
    """Asks what does nothing: the emulator's floor."""

    @task
    def send_request(self) -> None:
        """Nothing."""
        self.client.get(load["path"], name="floor")
