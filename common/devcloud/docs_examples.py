"""Fill the examples of OpenAPI documents from the running shop."""

import copy
import re
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import httpx

from devcloud import demo_purchase, sent_mail
from devcloud.pages import purchase
from devcloud.pages.tokens import Account
from devcloud.shop import Shop

Json = dict[str, Any]

_TIMEOUT_SECONDS = 20
_SAMPLE_ID = re.compile(r"(PROD|USER|ORDER)#[0-9]+")
_MIN_STOCK = 5
_GUEST_HEADER = "X-Guest-Cart"
_METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Examples:
    """The examples: ids by prefix, parameters by name, bodies by operation."""

    ids: dict[str, str]
    parameters: dict[str, str]
    operation_parameters: dict[str, dict[str, str]]
    bodies: dict[str, Any]


def collect(shop: Shop, customer: Account) -> Examples:
    """Read them from the running shop, as its ready-made customer.

    Raises: httpx.HTTPError or LookupError when a service does not answer, or nothing is in stock.
    """
    headers = {"Authorization": f"Bearer {customer.token}"}
    with httpx.Client(
        base_url=shop.url, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False
    ) as http:
        product_id = purchase.product_in_stock(shop.url, _MIN_STOCK)
        orders = http.get("/orders").raise_for_status().json()
        guest_cart = http.post("/cart/guest").raise_for_status().json()["guestCart"]
        credentials = {"email": customer.email, "password": customer.password}
        session = http.post("/user/login", json=credentials).raise_for_status().json()
    paid, unpaid = _latest(orders, "CONFIRMED"), _latest(orders, "CREATED")
    shown = paid or unpaid
    ids = {"PROD": product_id, "USER": customer.user_id}
    parameters = {"productId": _ulid(product_id), _GUEST_HEADER: guest_cart}
    if shown:
        ids["ORDER"] = shown["orderId"]
        parameters["orderId"] = _ulid(shown["orderId"])
    operation_parameters = {
        "POST /order/{orderId}/refund": {"Idempotency-Key": uuid.uuid4().hex},
        "POST /order/{orderId}/cancel": {"orderId": _ulid(unpaid["orderId"])} if unpaid else {},
    }
    bodies = {
        **_account_bodies(customer, session["refreshToken"], _mail_tokens(shop, customer.email)),
        **_buying_bodies(product_id, paid),
    }
    return Examples(ids, parameters, operation_parameters, bodies)


def fill(document: Json, examples: Examples) -> Json:
    """Return the document with the examples in place of its own."""
    filled: Json = _replace_ids(copy.deepcopy(document), examples.ids)
    shared = filled.get("components", {}).get("parameters", {})
    for parameter in shared.values():
        _set_example(parameter, examples.parameters)
    for path, operations in filled["paths"].items():
        for method in _METHODS:
            if method in operations:
                _fill_operation(operations[method], f"{method.upper()} {path}", examples)
    return filled


def _fill_operation(operation: Json, name: str, examples: Examples) -> None:
    values = {**examples.parameters, **examples.operation_parameters.get(name, {})}
    for parameter in operation.get("parameters", []):
        _set_example(parameter, values)
    if name in examples.bodies:
        content = operation["requestBody"]["content"]["application/json"]
        content.pop("examples", None)
        content["example"] = examples.bodies[name]


def _set_example(parameter: Json, values: dict[str, str]) -> None:
    if parameter.get("name") in values and parameter.get("in") in ("path", "header"):
        parameter.pop("examples", None)
        parameter["example"] = values[parameter["name"]]


def _replace_ids(value: Any, ids: dict[str, str]) -> Any:
    """Replace each text that is nothing but a sample id, such as `PROD#001`."""
    if isinstance(value, dict):
        return {name: _replace_ids(item, ids) for name, item in value.items()}
    if isinstance(value, list):
        return [_replace_ids(item, ids) for item in value]
    if isinstance(value, str) and (match := _SAMPLE_ID.fullmatch(value)):
        return ids.get(match.group(1), value)
    return value


def _account_bodies(customer: Account, refresh_token: str, mail_tokens: dict[str, str]) -> Json:
    password = customer.password
    newcomer = f"jimmy-{uuid.uuid4().hex[:8]}@example.com"
    bodies: Json = {
        "POST /user/register": {"email": newcomer, "password": "test123", "name": "Jimmy"},
        "POST /user/login": {"email": customer.email, "password": password},
        "POST /user/refresh": {"refreshToken": refresh_token},
        "POST /user/password": {"password": password, "newPassword": password},
        "POST /user/password/forgotten": {"email": customer.email},
        "POST /user/logout": {"everywhere": False},
        "PATCH /user/profile": {"name": "Customer", "phone": "+14155550123"},
    }
    if "email/verify" in mail_tokens:
        token = mail_tokens["email/verify"]
        bodies["POST /user/email/verify"] = {"token": token, "password": password}
    if "password/reset" in mail_tokens:
        token = mail_tokens["password/reset"]
        bodies["POST /user/password/reset"] = {"token": token, "newPassword": password}
    return bodies


def _buying_bodies(product_id: str, paid: Json | None) -> Json:
    item = {"productId": product_id, "quantity": 1}
    bodies: Json = {
        "POST /cart": item,
        "POST /cart/guest/items": item,
        "POST /cart/merge": {},
        "POST /checkout": {"paymentMethod": "pm_card_visa", "method": "CARD"},
        "POST /order": {"cartItems": [{"productId": product_id, "qty": 1}]},
        "POST /order/quote": {
            "cartItems": [{"productId": product_id, "qty": 1}],
            "shippingAddress": demo_purchase.ADDRESS,
        },
    }
    bodies["PATCH /order/{orderId}/shipping-address"] = {"shippingAddress": demo_purchase.ADDRESS}
    if paid:
        returned = {"productId": paid["items"][0]["productId"], "qty": 1}
        refund = {"items": [returned], "reason": "one bowl was broken"}
        bodies["POST /order/{orderId}/refund"] = refund
    return bodies


def _mail_tokens(shop: Shop, email: str) -> dict[str, str]:
    """Return the tokens of the newest links mailed to an address, by the link's path."""
    tokens: dict[str, str] = {}
    for mail in sent_mail.latest(shop.aws_endpoint):
        if mail.to == email:
            for path, token in re.findall(r"https?://[^/\s]+/(\S+?)#token=(\S+)", mail.body):
                tokens.setdefault(path, unquote(token))
    return tokens


def _latest(orders: list[Json], status: str) -> Json | None:
    return next((order for order in orders if order["status"] == status), None)


def _ulid(identifier: str) -> str:
    return identifier.partition("#")[2]
