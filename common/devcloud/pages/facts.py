"""Gather what the front page says about a running shop."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from devcloud import bootstrap, shop, status
from devcloud.pages.purchase import Step, steps
from devcloud.pages.tokens import Account, Accounts
from devcloud.stripe.payment_methods import METHODS

_RAZORPAY_ACTIONS = ("approve", "authorize", "refuse", "fail")


@dataclass
class Facts:
    """What runs, who may log in, what to pay with, and how to buy something."""

    url: str = ""
    is_ready: bool = False
    problem: str = ""
    processes: list[status.ProcessStatus] = field(default_factory=list)
    services: list[status.ServiceStatus] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    cards: dict[str, str] = field(default_factory=dict)
    razorpay: list[str] = field(default_factory=list)
    purchase: list[Step] = field(default_factory=list)

    def as_json(self, routes: dict[str, str]) -> dict[str, Any]:
        """Return the same facts for a program."""
        return {
            "url": self.url,
            "isReady": self.is_ready,
            **({"problem": self.problem} if self.problem else {}),
            "services": routes,
            "health": {service.name: service.status for service in self.services},
            "processes": [process.as_json() for process in self.processes],
            "accounts": [_account_json(account) for account in self.accounts],
            "testCards": self.cards,
            "razorpay": self.razorpay,
            "purchase": [asdict(step) for step in self.purchase],
            "links": {"docs": "/docs", "mail": "/mail"},
        }


def gather(directory: Path, routes: dict[str, str], accounts: Accounts) -> Facts:
    """Gather the facts, those about a deployed shop once there is one."""
    facts = Facts(
        processes=status.processes(directory),
        services=status.services(routes),
        cards={name: bank.outcome for name, bank in METHODS.items()},
    )
    local_shop = shop.running(directory)
    if local_shop is None:
        facts.problem = "The shop is not deployed yet, or one of its processes does not run."
        return facts
    facts.url, facts.is_ready = local_shop.url, True
    control = f"{local_shop.razorpay_url}/_control/orders/RAZORPAY_ORDER_ID"
    facts.razorpay = [f"curl -X POST {control}/{action}" for action in _RAZORPAY_ACTIONS]
    _add(facts, lambda: facts.accounts.append(accounts.customer(local_shop)))
    if facts.accounts:
        token = facts.accounts[0].token
        _add(
            facts, lambda: facts.purchase.extend(steps(local_shop.url, token, local_shop.directory))
        )
    _add(facts, lambda: facts.accounts.append(accounts.admin(local_shop)))
    return facts


def minutes_left(account: Account) -> int:
    """Return how many whole minutes the account's token still works."""
    return max(0, int(account.expires_at - time.time()) // 60)


def _add(facts: Facts, add: Callable[[], None]) -> None:
    """Add what needs the shop's services, or the problem when they do not answer."""
    try:
        add()
    except (bootstrap.BootstrapFailed, httpx.HTTPError, LookupError) as exc:
        facts.problem = facts.problem or f"A service does not answer: {exc}"


def _account_json(account: Account) -> dict[str, str]:
    expires_at = datetime.fromtimestamp(account.expires_at, UTC).isoformat()
    return {
        "role": account.role,
        "email": account.email,
        "password": account.password,
        "token": account.token,
        "expiresAt": expires_at.replace("+00:00", "Z"),
    }
