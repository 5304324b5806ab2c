"""Keep ready-made access tokens of the local shop's admin and customer."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jwt

from devcloud import bootstrap, settings, shop


@dataclass(frozen=True)
class Account:
    """A ready-made account with an access token that works now."""

    role: str
    email: str
    password: str
    token: str

    @property
    def expires_at(self) -> float:
        """When the token ends, in seconds since 1970."""
        return float(claims(self.token)["exp"])

    @property
    def is_fresh(self) -> bool:
        """Whether half its life is left: what is copied should work for a while."""
        half = (self.expires_at - float(claims(self.token)["iat"])) / 2
        return self.expires_at - half > time.time()

    @property
    def user_id(self) -> str:
        """The account's id, as the token names it."""
        return str(claims(self.token)["sub"])


@dataclass
class Accounts:
    """The accounts of one shop, whose tokens are renewed before they expire."""

    _kept: dict[str, Account] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admin(self, local_shop: shop.Shop) -> Account:
        """Return the admin with a token. Raises: BootstrapFailed, httpx.HTTPError."""
        return self._account(
            "admin",
            local_shop.admin_email,
            local_shop.admin_password,
            lambda: shop.token(local_shop),
        )

    def customer(self, local_shop: shop.Shop) -> Account:
        """Return the customer with a token. Raises: BootstrapFailed, httpx.HTTPError."""
        password = settings.of(local_shop.directory).customer_password
        return self._account(
            "customer",
            settings.CUSTOMER_EMAIL,
            password,
            lambda: bootstrap.customer_token(local_shop.url, password),
        )

    def _account(self, role: str, email: str, password: str, log_in: Callable[[], str]) -> Account:
        with self._lock:
            kept = self._kept.get(role)
            if kept is None or not kept.is_fresh:
                kept = Account(role, email, password, log_in())
                self._kept[role] = kept
            return kept


def claims(token: str) -> dict[str, Any]:
    """Read a token's claims without checking it: it comes from this shop's own login."""
    payload: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return payload
