"""Calls of Razorpay's API over HTTP.

With `requests`: Razorpay's SDK drops the status of a response (a wrong key, an invalid request and
"too many requests" are then one error), fails on a response that is not JSON, prints to the
standard output, and trusts the certificates that came in its package.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from typing import Any

from chalicelib.payments.errors import AlreadyRefunded, GatewayUnavailable, PaymentRejected
from chalicelib.payments.gateways.credentials import GatewayCredentials
from common import lazy_imports, settings
from common.pages import Page

with lazy_imports.until_first_use(unless=""):  # in the routes' Lambda, too: most need no gateway
    import requests

SECRET = "commerce/razorpay"  # noqa: S105 - the name of a secret
_BASE = "https://api.razorpay.com"
_TIMEOUT_SECONDS = 5  # three calls must fit in a step's 20 s, with room for the tables
_PAGE = 100
_BUSY_STATUSES = (409, 429)

JsonObject = dict[str, Any]


class RazorpayApi:
    """The gateway's API, with the shop's keys."""

    def __init__(self) -> None:
        self.credentials = GatewayCredentials(SECRET, ("keyId", "keySecret", "webhookSecret"))

    def list_pages(self, path: str, query: JsonObject) -> Iterator[JsonObject]:
        """List all entries, newest first."""
        for skip in count(0, _PAGE):
            page = self.read_page(path, query, skip)
            yield from page.items
            if page.cursor is None:
                return

    def read_page(self, path: str, query: JsonObject, skip: int) -> Page[JsonObject]:
        """Read the entries after the first `skip`, newest first."""
        entries = self.call("GET", path, {**query, "count": _PAGE, "skip": skip})["items"]
        return Page(entries, None if len(entries) < _PAGE else str(skip + _PAGE))

    def call(
        self,
        verb: str,
        path: str,
        parameters: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> JsonObject:
        """Call the API once: the caller retries, and a Lambda that waits costs money."""
        keys, base = self.credentials.get(), settings.optional("RAZORPAY_API_BASE") or _BASE
        try:
            response = _session().request(
                verb,
                f"{base}{path}",
                params=parameters if verb == "GET" else None,
                json=parameters if verb == "POST" else None,
                headers=headers,
                auth=(keys["keyId"], keys["keySecret"]),
                timeout=_TIMEOUT_SECONDS,
            )
            if response.ok:
                answer: dict[str, Any] = response.json()
                return answer
        except requests.RequestException as exc:
            raise GatewayUnavailable(f"the payment gateway does not answer: {exc}") from exc
        raise self._translate_error(response, is_keyed=bool(headers))

    def _translate_error(self, response: Any, is_keyed: bool) -> Exception:
        """The port's error for the gateway's."""
        status, description = response.status_code, _error_description(response)
        if description is None:  # not Razorpay's own response, but that of a proxy before it
            return GatewayUnavailable(f"the payment gateway does not answer: HTTP status {status}")
        if status >= 500:
            return GatewayUnavailable(
                f"the payment gateway failed: {description}", answered=is_keyed
            )
        if status in _BUSY_STATUSES:
            return GatewayUnavailable(f"the payment gateway is busy: {description}")
        if status == 401:
            self.credentials.clear()
            return PaymentRejected(
                f"the payment gateway does not take the shop's key: {description}"
            )
        if "fully refunded already" in description:  # it has no code of its own
            return AlreadyRefunded(description)
        return PaymentRejected(description)


def _error_description(response: Any) -> str | None:
    try:
        return str(response.json()["error"]["description"])
    except (ValueError, KeyError, TypeError):
        return None


@cache
def _session() -> Any:
    """Keep connections between the calls of a Lambda."""
    return requests.Session()
