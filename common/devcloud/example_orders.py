"""Place a paid and an unpaid order of the sample customer, for /docs."""

from typing import Any

import httpx

from devcloud import bootstrap, settings
from devcloud.pages import purchase
from devcloud.shop import Shop

_TIMEOUT_SECONDS = 40
_CARD = {"paymentMethod": "pm_card_visa", "method": "CARD"}


def prepare(shop: Shop) -> None:
    """Place the orders that the customer does not have yet. Idempotent.

    Raises: bootstrap.BootstrapFailed, httpx.HTTPError or LookupError when the shop does not sell.
    """
    token = bootstrap.customer_token(shop.url, settings.of(shop.directory).customer_password)
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(
        base_url=shop.url, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False
    ) as http:
        statuses = {order["status"] for order in _call(http, "GET", "/orders")}
        product_id = purchase.product_in_stock(shop.url)
        if "CREATED" not in statuses:
            _call(http, "POST", "/order", {"cartItems": [{"productId": product_id, "qty": 1}]})
        if "CONFIRMED" not in statuses:
            _call(http, "POST", "/cart", {"productId": product_id, "quantity": 2})
            _call(http, "POST", "/checkout", _CARD)


def _call(http: httpx.Client, method: str, path: str, body: Any = None) -> Any:
    response = http.request(method, path, json=body)
    if response.is_error:
        raise bootstrap.BootstrapFailed(
            f"{method} {path} answered {response.status_code}: {response.text[:300]}"
        )
    return response.json()
