"""One real purchase over HTTP, told step by step: what `make up` ends with, to show that the shop works."""

import json
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from devcloud.shop import Shop

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
        httpx.Client(base_url=shop.url, timeout=40, trust_env=False) as http,
        httpx.Client(base_url=shop.url, timeout=40, trust_env=False) as admin,
    ):
        email = f"jimmy-{uuid.uuid4().hex[:8]}@example.com"
        with _step(say, f"registered {email}"):
            person = {"email": email, "password": _PASSWORD, "name": "Jimmy Patel"}
            _ask(http, "POST", "/user/register", 201, person)
        with _step(say, "logged in"):
            _log_in(http, email, _PASSWORD)
        with _step(say, "looked at today's report, as the admin"):
            _log_in(admin, shop.admin_email, shop.admin_password)
            before = _completed(admin)
        order_id = _check_out(http, say)
        with _step(say, f"{order_id} is CONFIRMED"):
            _await_confirmation(http, order_id)
        number = order_id.partition("#")[2]
        with _step(say, "the confirmation and the receipt were mailed"):
            _until("two mails about the order", lambda: len(_mails(shop, email, number)) >= 2)
        with _step(say, "today's report counts one order more"):
            _until("a report that counts it", lambda: _completed(admin) > before)


def _check_out(http: httpx.Client, say: Say) -> str:
    """From browsing to the order's id."""
    with _step(say, "browsed a category, and chose a product"):
        product = _choice(http)
    with _step(say, f"put 2 x {product['name']} into the cart, {_money(product, 'price')} each"):
        _ask(http, "POST", "/cart", 200, {"productId": product["productId"], "quantity": 2})
    with _step(say, "looked at the cart"):
        if not _ask(http, "GET", "/cart", 200):
            raise PurchaseFailed("the cart is empty after something was put into it")
    card = {"paymentMethod": "pm_card_visa", "method": "CARD"}
    with _step(say, "checked out with a test card"):
        started = _ask(http, "POST", "/checkout", 202, card, key=uuid.uuid4().hex)
    say(f"  to pay: {_money(started, 'totalAmount')}")
    return str(started["orderId"])


def _money(amounts: Any, name: str) -> str:
    return f"{amounts[name]:.2f} {amounts['currency']}"


def _log_in(http: httpx.Client, email: str, password: str) -> None:
    answer = _ask(http, "POST", "/user/login", 200, {"email": email, "password": password})
    http.headers["Authorization"] = f"Bearer {answer['token']}"


def _choice(http: httpx.Client) -> Any:
    """The first product of its category that there are two of."""
    categories = {
        product["category"]: None for product in _ask(http, "GET", "/products?limit=20", 200)
    }
    for category in categories:
        for product in _ask(
            http, "GET", f"/products?category={quote(category, safe='')}&limit=20", 200
        ):
            details = _ask(http, "GET", f"/product/{quote(product['productId'], safe='')}", 200)
            if details["availableStock"] >= 2:
                return product
    raise PurchaseFailed(
        f"nothing in {', '.join(categories) or 'the catalogue'} has two pieces in stock"
    )


def _await_confirmation(http: httpx.Client, order_id: str) -> None:
    path = f"/checkout/{quote(order_id, safe='')}"
    _until("a final status", lambda: _ask(http, "GET", path, 200)["status"] != "CREATED")
    outcome = _ask(http, "GET", path, 200)
    if outcome["status"] != "CONFIRMED":
        raise PurchaseFailed(f"the order ended as {json.dumps(outcome)}")


def _completed(admin: httpx.Client) -> int:
    """Orders of yesterday, today and tomorrow: midnight may come in between."""
    today = datetime.now(UTC).date()
    days = f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"
    rows = _ask(admin, "GET", f"/analytics/reports?{days}", 200)
    return sum(int(row["ordersCompleted"]) for row in rows)


def _mails(shop: "Shop", email: str, number: str) -> list[str]:
    with httpx.Client(base_url=shop.aws_endpoint, timeout=10, trust_env=False) as mailbox:
        answer = _ask(mailbox, "GET", "/_ministack/ses/messages", 200)
    texts = [json.dumps(message) for sent in answer["messages"].values() for message in sent]
    return [text for text in texts if email in text and number in text]


def _ask(
    http: httpx.Client,
    method: str,
    path: str,
    status: int,
    body: Any = None,
    key: str | None = None,
) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    try:
        answer = http.request(method, path, json=body, headers=headers)
    except httpx.TransportError as problem:
        raise PurchaseFailed(f"{method} {http.base_url}{path} got no answer: {problem}") from None
    if answer.status_code != status:
        raise PurchaseFailed(
            f"{method} {path} answered {answer.status_code}, not {status}: {answer.text}"
        )
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
    say(f"  {done} ({(time.monotonic() - begun) * 1000:.0f} ms)")
