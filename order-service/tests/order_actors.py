"""Customers and admins, acting one by one or all at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from urllib.parse import quote

from chalice.test import HTTPResponse

from testkit.service_client import Api


class Customer:
    """The holder of an access token."""

    def __init__(self, api: Api, token: str) -> None:
        self.api, self.token = api, token

    def order(self, *lines: tuple[str, int], key: str | None = None, **more: Any) -> HTTPResponse:
        """Order these products and quantities."""
        return self.post_order({"cartItems": _items(lines), **more}, key)

    def post_order(self, body: Any, key: str | None = None) -> HTTPResponse:
        """Send any body to POST /order."""
        return self.api.post("/order", body, self.token, _headers(key))

    def get(self, order_id: str) -> HTTPResponse:
        """Read one order."""
        return self.api.get(_path(order_id), self.token)

    def list(self, query: str = "") -> HTTPResponse:
        """List orders."""
        return self.api.get(f"/orders{query}", self.token)

    def cancel(self, order_id: str) -> HTTPResponse:
        """Cancel an order."""
        return self.api.post(f"{_path(order_id)}/cancel", token=self.token)

    def refund(
        self, order_id: str, *lines: tuple[str, int], key: str | None = None, **more: Any
    ) -> HTTPResponse:
        """Request a refund of these lines, or of all that is left."""
        items = {"items": _items(lines)} if lines else {}
        body = {"reason": "broken on the way", **items, **more}
        return self.api.post(f"{_path(order_id)}/refund", body, self.token, _headers(key))

    def ask_to_return(
        self,
        order_id: str,
        *lines: tuple[str, int],
        key: str | None = "return",
        reason: str = "DAMAGED",
    ) -> HTTPResponse:
        """Ask to return these lines."""
        items = [{**item, "reason": reason} for item in _items(lines)]
        return self.post_return(order_id, {"items": items}, key)

    def post_return(self, order_id: str, body: Any, key: str | None = "return") -> HTTPResponse:
        """Send any body to POST /order/{order_id}/returns."""
        return self.api.post(f"{_path(order_id)}/returns", body, self.token, _headers(key))


class Warehouse(Customer):
    """Staff who ship."""

    def ship(
        self, order_id: str, *lines: tuple[str, int], key: str | None = "parcel", **more: Any
    ) -> HTTPResponse:
        """Ship these lines, or all that is left."""
        items = {"items": _items(lines)} if lines else {}
        body = {"carrier": "DHL", **items, **more}
        return self.api.post(f"{_path(order_id)}/shipments", body, self.token, _headers(key))

    def deliver(self, order_id: str, shipment_id: str) -> HTTPResponse:
        """Note that a shipment was delivered."""
        path = f"{_path(order_id)}/shipments/{quote(shipment_id, safe='')}/deliver"
        return self.api.post(path, token=self.token)


class Support(Customer):
    """Staff who decide on returns and receive them."""

    def approve(self, order_id: str, return_id: str, **more: Any) -> HTTPResponse:
        """Approve a return."""
        return self.api.post(_return_path(order_id, return_id, "approve"), more, self.token)

    def reject(self, order_id: str, return_id: str, **more: Any) -> HTTPResponse:
        """Reject a return."""
        return self.api.post(_return_path(order_id, return_id, "reject"), more, self.token)

    def receive(
        self,
        order_id: str,
        return_id: str,
        *lines: tuple[str, int, bool],
        key: str | None = "part",
        **more: Any,
    ) -> HTTPResponse:
        """Receive these pieces, which can be sold again or not."""
        items = [{"productId": name, "qty": qty, "restock": good} for name, qty, good in lines]
        path = _return_path(order_id, return_id, "receive")
        return self.api.post(path, {"items": items, **more}, self.token, _headers(key))


def error_of(response: HTTPResponse) -> tuple[int, str]:
    """The status and the Code of an error response."""
    return response.status_code, response.json_body["Code"]


def run_concurrently(*actions: Callable[[], Any]) -> list[Any]:
    """Run all actions at the same moment. Returns their results and exceptions."""
    start = Barrier(len(actions))

    def run(action: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return action()
        except Exception as exc:
            return exc

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def _path(order_id: str) -> str:
    return f"/order/{quote(order_id, safe='')}"


def _return_path(order_id: str, return_id: str, act: str) -> str:
    return f"{_path(order_id)}/returns/{quote(return_id, safe='')}/{act}"


def _items(lines: tuple[tuple[str, int], ...]) -> list[dict[str, Any]]:
    return [{"productId": product_id, "qty": qty} for product_id, qty in lines]


def _headers(key: str | None) -> dict[str, str] | None:
    return {"Idempotency-Key": key} if key else None
