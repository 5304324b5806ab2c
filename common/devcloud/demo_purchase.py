"""Make one purchase over HTTP, step by step, to show that the shop works."""

import json
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from devcloud.shop import Shop

_WAIT_SECONDS = 60
_POLL_SECONDS = 0.1
_PASSWORD = "test123"
_COUPON = "WELCOME-10"  # of price_settings.json
ADDRESS = {
    "name": "Jimmy Patel",
    "line1": "1 Market Street",
    "city": "San Francisco",
    "region": "CA",
    "postalCode": "94105",
    "country": "US",
}

Say = Callable[[str], None]


class PurchaseFailed(RuntimeError):
    """A step of the purchase failed. The message names it and the actual response."""


class _LogIn(httpx.Auth):
    """Logs in with the first request, and again once the access token is over.

    That of staff is over after a minute, in which a slow machine does not get to the end.
    """

    requires_response_body = True

    def __init__(self, url: str, email: str, password: str) -> None:
        person = {"email": email, "password": password}
        self._log_in = httpx.Request("POST", f"{url}/user/login", json=person)
        self._token = ""

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        if self._token and (yield request).status_code != HTTPStatus.UNAUTHORIZED:
            return
        answer = yield self._log_in
        if answer.status_code != HTTPStatus.OK:
            raise PurchaseFailed(f"POST /user/login answered {answer.status_code}: {answer.text}")
        self._token = answer.json()["token"]
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


def run(shop: "Shop", say: Say) -> None:
    """Buy something as a new customer, have it delivered, and return a piece.

    The order, its mails and the report are checked.

    Raises: PurchaseFailed at the first step that fails.
    """
    with (
        httpx.Client(base_url=shop.url, timeout=40, trust_env=False) as http,
        httpx.Client(base_url=shop.url, timeout=40, trust_env=False) as admin,
    ):
        admin.auth = _LogIn(shop.url, shop.admin_email, shop.admin_password)
        email = f"jimmy-{uuid.uuid4().hex[:8]}@example.com"
        with _step(say, f"registered {email}"):
            person = {"email": email, "password": _PASSWORD, "name": "Jimmy Patel"}
            _call(http, "POST", "/user/register", 201, person)
        with _step(say, "logged in"):
            http.auth = _LogIn(shop.url, email, _PASSWORD)
            _call(http, "GET", "/user/profile", 200)
        with _step(say, "looked at today's report, as the admin"):
            before = _completed_orders(admin)
        order_id = _check_out(http, say)
        with _step(say, f"{order_id} is CONFIRMED"):
            _await_confirmation(http, order_id)
        number = _call(http, "GET", _path(order_id), 200)["orderNumber"]
        with _step(say, "the confirmation and the receipt were mailed"):
            _wait_for(
                "two mails about the order", lambda: len(_find_mails(shop, email, number)) >= 2
            )
        with _step(say, "today's report counts one order more"):
            _wait_for("a report that counts it", lambda: _completed_orders(admin) > before)
        _show_invoice(http, order_id, say)
        _ship(admin, order_id, number, say)
        with _step(say, "both were mailed to the customer, with the link to the order"):
            _wait_for(
                "two mails more about the order", lambda: len(_find_mails(shop, email, number)) >= 4
            )
        with _step(say, f"{order_id} is DELIVERED"):
            order = _call(http, "GET", _path(order_id), 200)
            if order["fulfilmentStatus"] != "DELIVERED":
                raise PurchaseFailed(f"the order is {order['fulfilmentStatus']}")
        _return_piece(http, admin, order, say)
        with _step(say, "each step of it and the refund were mailed to the customer"):
            _wait_for(
                "four mails more about the order",
                lambda: len(_find_mails(shop, email, number)) >= 8,
            )


def _check_out(http: httpx.Client, say: Say) -> str:
    """Browse, fill the cart, check out. Returns the order's id."""
    with _step(say, "browsed a category, and chose a product"):
        product = _choose_product(http)
    with _step(
        say, f"put 2 x {product['name']} into the cart, {_format_money(product, 'price')} each"
    ):
        _call(http, "POST", "/cart", 200, {"productId": product["productId"], "quantity": 2})
    with _step(say, "looked at the cart"):
        if not _call(http, "GET", "/cart", 200):
            raise PurchaseFailed("the cart is empty after something was put into it")
    terms = {"shippingAddress": ADDRESS, "couponCodes": [_COUPON]}
    with _step(say, f"asked what it costs sent to {ADDRESS['city']}, with {_COUPON}"):
        items = [{"productId": product["productId"], "qty": 2}]
        quote = _call(http, "POST", "/order/quote", 200, {"cartItems": items, **terms})
    for part in ("subtotal", "discountTotal", "shippingTotal", "taxTotal", "totalAmount"):
        say(f"    {part}: {_format_money(quote, part)}")
    card = {"paymentMethod": "pm_card_visa", "method": "CARD"}
    body = {**card, **terms, "expectedTotal": quote["totalAmount"]}
    with _step(say, "checked out with a test card"):
        started = _call(http, "POST", "/checkout", 202, body, key=uuid.uuid4().hex)
    say(f"  to pay: {_format_money(started, 'totalAmount')}")
    return str(started["orderId"])


def _ship(admin: httpx.Client, order_id: str, number: str, say: Say) -> None:
    """Ship the whole order and note that it was delivered, as staff do."""
    path = _path(order_id)
    with _step(say, f"found {number} among the orders to be shipped, as staff"):
        orders = _call(admin, "GET", f"/orders?view=all&orderNumber={number}", 200)
        if [order["fulfilmentStatus"] for order in orders] != ["UNFULFILLED"]:
            raise PurchaseFailed(f"{number} is not to be shipped: {json.dumps(orders)}")
    parcel = {"carrier": "DHL", "trackingNumber": "JD014600003SE"}
    with _step(say, f"shipped it by {parcel['carrier']}, tracking number JD014600003SE"):
        key = uuid.uuid4().hex
        shipment = _call(admin, "POST", f"{path}/shipments", 201, parcel, key)["shipmentId"]
    with _step(say, f"noted that {shipment} was delivered"):
        _call(admin, "POST", f"{path}/shipments/{quote(shipment, safe='')}/deliver", 200)


def _show_invoice(http: httpx.Client, order_id: str, say: Say) -> None:
    """Wait for the invoice, and say where its file is."""
    path = f"{_path(order_id)}/invoice"
    with _step(say, "the order has its invoice"):
        _wait_for("an invoice", lambda: http.get(path).status_code == 200)
    invoice = _call(http, "GET", path, 200)
    say(f"  {invoice['number']}.pdf: {invoice['url']}")


def _return_piece(http: httpx.Client, admin: httpx.Client, order: Any, say: Say) -> None:
    """Return a piece of the order as its customer, and receive it as staff."""
    path = _path(order["orderId"])
    piece = {"productId": order["items"][0]["productId"], "qty": 1}
    with _step(say, "asked to return one piece"):
        items = [{**piece, "reason": "NO_LONGER_WANTED"}]
        key = uuid.uuid4().hex
        returned = _call(http, "POST", f"{path}/returns", 201, {"items": items}, key)["returnId"]
    return_path = f"{path}/returns/{quote(returned, safe='')}"
    with _step(say, f"approved {returned}, as staff"):
        _call(admin, "POST", f"{return_path}/approve", 200, {})
    with _step(say, "received the piece, to be sold again"):
        items = [{**piece, "restock": True}]
        _call(admin, "POST", f"{return_path}/receive", 200, {"items": items}, uuid.uuid4().hex)
    with _step(say, f"{order['orderId']} is PARTLY_REFUNDED"):
        _wait_for(
            "the refund", lambda: _call(http, "GET", path, 200)["status"] == "PARTLY_REFUNDED"
        )
    paid_back = _call(http, "GET", path, 200)
    say(f"  refunded: {_format_money(paid_back, 'refundedAmount')}")


def _path(order_id: str) -> str:
    return f"/order/{quote(order_id, safe='')}"


def _format_money(body: Any, name: str) -> str:
    return f"{body[name]:.2f} {body['currency']}"


def _choose_product(http: httpx.Client) -> Any:
    """Return the first product with two pieces in stock."""
    categories = {
        product["category"]: None for product in _call(http, "GET", "/products?limit=20", 200)
    }
    for category in categories:
        for product in _call(
            http, "GET", f"/products?category={quote(category, safe='')}&limit=20", 200
        ):
            details = _call(http, "GET", f"/product/{quote(product['productId'], safe='')}", 200)
            if details["availableStock"] >= 2:
                return product
    raise PurchaseFailed(
        f"nothing in {', '.join(categories) or 'the catalogue'} has two pieces in stock"
    )


def _await_confirmation(http: httpx.Client, order_id: str) -> None:
    path = f"/checkout/{quote(order_id, safe='')}"
    _wait_for("a final status", lambda: _call(http, "GET", path, 200)["status"] != "CREATED")
    outcome = _call(http, "GET", path, 200)
    if outcome["status"] != "CONFIRMED":
        raise PurchaseFailed(f"the order ended as {json.dumps(outcome)}")


def _completed_orders(admin: httpx.Client) -> int:
    """Count completed orders from yesterday to tomorrow, since midnight may pass."""
    today = datetime.now(UTC).date()
    days = f"from={today - timedelta(days=1)}&to={today + timedelta(days=1)}"
    rows = _call(admin, "GET", f"/analytics/reports?{days}", 200)
    return sum(int(row["ordersCompleted"]) for row in rows)


def _find_mails(shop: "Shop", email: str, number: str) -> list[str]:
    with httpx.Client(base_url=shop.aws_endpoint, timeout=10, trust_env=False) as mailbox:
        answer = _call(mailbox, "GET", "/_ministack/ses/messages", 200)
    texts = [json.dumps(message) for sent in answer["messages"].values() for message in sent]
    return [text for text in texts if email in text and number in text]


def _call(
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
    except httpx.TransportError as exc:
        raise PurchaseFailed(f"{method} {http.base_url}{path} got no answer: {exc}") from None
    if answer.status_code != status:
        raise PurchaseFailed(
            f"{method} {path} answered {answer.status_code}, not {status}: {answer.text}"
        )
    return answer.json()


def _wait_for(what: str, enough: Callable[[], bool]) -> None:
    end = time.monotonic() + _WAIT_SECONDS
    while not enough():
        if time.monotonic() > end:
            raise PurchaseFailed(f"waited {_WAIT_SECONDS} s in vain for {what}")
        time.sleep(_POLL_SECONDS)


@contextmanager
def _step(say: Say, done: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    say(f"  {done} ({(time.monotonic() - begun) * 1000:.0f} ms)")
