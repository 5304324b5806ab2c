"""One real purchase over HTTP, told step by step: what `make up` ends with, to show that the shop works."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from localcloud.shop import Shop

_WAIT_SECONDS = 60
_LOOK_SECONDS = 0.1
_PASSWORD = "test123"

Say = Callable[[str], None]


class PurchaseFailed(RuntimeError):
    """A step of the purchase did not do what it should; the message says which, and what came instead."""


def run(shop: "Shop", say: Say) -> None:
    """Register, log in, browse, fill the cart, check out, and follow the order to its mails and the report.

    Raises PurchaseFailed at the first step that fails.
    """
    with (
        httpx.Client(base_url=shop.url, timeout=40) as http,
        httpx.Client(base_url=shop.url, timeout=40) as admin,
    ):
        email = f"jimmy-{uuid.uuid4().hex[:8]}@example.com"
        with _step(say, f"registered {email}"):
            _ask(
                http,
                "POST",
                "/user/register",
                201,
                {"email": email, "password": _PASSWORD, "name": "Jimmy Patel"},
            )
        with _step(say, "logged in"):
            _log_in(http, email, _PASSWORD)
            _log_in(admin, shop.admin_email, shop.admin_password)
        before = _completed(admin)
        with _step(say, "browsed, and chose a product"):
            product = _choice(http)
        with _step(
            say, f"put 2 x {product['name']} into the cart at {product['price']:.2f} {product['currency']}"
        ):
            _ask(http, "POST", "/cart", 200, {"productId": product["productId"], "quantity": 2})
            _ask(http, "GET", "/cart", 200)
        with _step(say, "checked out with a test card"):
            started = _ask(
                http,
                "POST",
                "/checkout",
                202,
                {"paymentMethod": "pm_card_visa", "method": "CARD"},
                key=uuid.uuid4().hex,
            )
        order_id = started["orderId"]
        with _step(
            say, f"paid {started['totalAmount']:.2f} {started['currency']}, and {order_id} is CONFIRMED"
        ):
            _confirmed(http, order_id)
        number = order_id.partition("#")[2]
        with _step(say, "the confirmation and the receipt were mailed"):
            _until("two mails about the order", lambda: len(_mails(shop, email, number)) >= 2)
        with _step(say, "the report of today counts one order more"):
            _until("a grown report", lambda: _completed(admin) > before)


def _log_in(http: httpx.Client, email: str, password: str) -> None:
    answer = _ask(http, "POST", "/user/login", 200, {"email": email, "password": password})
    http.headers["Authorization"] = f"Bearer {answer['token']}"


def _choice(http: httpx.Client) -> Any:
    for product in _ask(http, "GET", "/products?limit=20", 200):
        details = _ask(http, "GET", f"/product/{quote(product['productId'], safe='')}", 200)
        if details["availableStock"] >= 2:
            return product
    raise PurchaseFailed("no product of the first twenty has two pieces in stock")


def _confirmed(http: httpx.Client, order_id: str) -> None:
    path = f"/checkout/{quote(order_id, safe='')}"
    _until("a final status", lambda: _ask(http, "GET", path, 200)["status"] != "CREATED")
    outcome = _ask(http, "GET", path, 200)
    if outcome["status"] != "CONFIRMED":
        raise PurchaseFailed(f"the order ended as {json.dumps(outcome)}")


def _completed(admin: httpx.Client) -> int:
    rows = _ask(admin, "GET", f"/analytics/reports?day={datetime.now(UTC).date()}", 200)
    return int(rows[0].get("ordersCompleted", 0)) if rows else 0


def _mails(shop: "Shop", email: str, number: str) -> list[str]:
    answer = httpx.get(f"{shop.aws_endpoint}/_ministack/ses/messages", timeout=10).json()
    texts = [json.dumps(message) for mailbox in answer["messages"].values() for message in mailbox]
    return [text for text in texts if email in text and number in text]


def _ask(
    http: httpx.Client, method: str, path: str, status: int, body: Any = None, key: str | None = None
) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    answer = http.request(method, path, json=body, headers=headers)
    if answer.status_code != status:
        raise PurchaseFailed(f"{method} {path} answered {answer.status_code}, not {status}: {answer.text}")
    return answer.json()


def _until(what: str, enough: Callable[[], bool]) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while not enough():
        if time.monotonic() > end:
            raise PurchaseFailed(f"waited {_WAIT_SECONDS} s in vain for {what}")
        time.sleep(_LOOK_SECONDS)


@contextmanager
def _step(say: Say, done: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    say(f"{done} ({(time.monotonic() - begun) * 1000:.0f} ms)")
