"""The port to the payment gateways: what the shop asks of each, in the shop's words, and which one takes which payment method.

Adapters: stripe_gateway, razorpay_gateway. Both hold to the same contract (tests/test_gateways.py), so nothing outside them knows
whose money it is.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.payments.errors import GatewayNotConfigured, GatewayUnknown
from common import aws, log, settings

NEW = "NEW"  # nothing was attempted yet
WAITING = "WAITING"  # the customer must act
PROCESSING = "PROCESSING"  # the bank takes its time
DECLINED = "DECLINED"  # the last attempt was refused, and nothing else is under way
CAPTURED = "CAPTURED"
CANCELLED = "CANCELLED"

_METHODS = ("CARD", "UPI")
_DEFAULT = "CARD=stripe UPI=razorpay"
_FRESH_SECONDS = 300


@dataclass(frozen=True)
class Intent:
    """The gateway's own record of one order's payment, which is captured at most once; amounts are in minor units.

    `is_soft`: the decline may pass by itself. `action` is what the customer's client does next.
    """

    id: str
    status: str
    amount: int
    currency: str
    order_id: str | None = None
    received: int = 0
    refunded: int = 0
    decline: str | None = None
    decline_code: str | None = None
    is_soft: bool = False
    client_secret: str | None = None
    action: dict[str, str] | None = None


class Webhook(msgspec.Struct, rename="camel", frozen=True):
    """What a genuine webhook is about. Its contents may be old: whoever acts on it asks the gateway.

    `failed_refund`: the refund's id at the gateway, where it tells that the customer's bank did not take the money.
    """

    gateway: str
    event_id: str
    kind: str
    intent_id: str | None
    order_id: str | None
    failed_refund: str | None = None


class Gateway(Protocol):
    """What every adapter does. Each verb raises GatewayUnavailable (repeat later) and PaymentRejected (repeating does not help)."""

    name: str

    def create(
        self, order_id: str, amount_minor: int, currency: str, method: str, key: str
    ) -> Intent:
        """A new intent that charges nobody. Safe to repeat with the same key."""

    def retrieve(self, intent_id: str) -> Intent:
        """The intent as it is now: the truth, whatever answer got lost."""

    def confirm(self, intent_id: str, payment_method: str, method: str, key: str) -> Intent:
        """Charge the payment method, or learn what the customer must do first; a refusal is an answer, too.

        Safe to repeat: an intent is captured once.
        """

    def cancel(self, intent_id: str) -> Intent:
        """Make sure that the intent is never captured, unless it already is: the answer tells. Safe to repeat."""

    def refund(
        self, intent_id: str, key: str, amount_minor: int | None = None, attempt: int = 1
    ) -> str | None:
        """Give so much back, or all that is left; the refund's id, or None if nothing was left. Safe to repeat with the key.

        It asks first whether this key's refund was made: a gateway forgets its idempotency keys after a day, a refund never.
        `attempt` counts up after a failure that the gateway would repeat to the same idempotency key.
        """

    def listed(self, since: int, until: int) -> Iterator[Intent]:
        """All intents made from `since` until just before `until`, in seconds since 1970."""

    def read_webhook(self, body: bytes | str, headers: Mapping[str, str]) -> Webhook:
        """What the gateway tells; InvalidSignature if it is not from the gateway."""


def named(name: str) -> Gateway:
    """The adapter of this name; GatewayUnknown if there is none."""
    if name not in names():
        raise GatewayUnknown(f"{name!r} is no payment gateway; there are: {', '.join(names())}")
    return _adapter(name)


def names() -> tuple[str, ...]:
    """The gateways that the shop can work with."""
    return ("stripe", "razorpay")


def for_method(method: str) -> str:
    """Which gateway takes this payment method, by the setting PAYMENT_GATEWAYS: `CARD=stripe UPI=razorpay`.

    A payment keeps the gateway that it was begun with, so the setting may change at any time.
    """
    return _chosen(settings.text("PAYMENT_GATEWAYS", _DEFAULT))[method]


class Secret:
    """A gateway's keys, from Secrets Manager, kept for five minutes: a key that is exchanged is noticed."""

    def __init__(self, name: str, keys: Sequence[str]) -> None:
        self._name, self._keys = name, keys
        self.forget()

    def forget(self) -> None:
        """Fetch them anew at the next call."""
        self._kept: dict[str, str] = {}
        self._fetched = float("-inf")

    def value(self) -> dict[str, str]:
        """All the keys; GatewayNotConfigured says which one is missing: nothing is charged or believed without it."""
        if time.monotonic() - self._fetched > _FRESH_SECONDS:
            found = self._stored()
            for key in self._keys:
                if not str(found.get(key) or "").strip():
                    raise GatewayNotConfigured(
                        f"the secret {self._name} has no {key}: put it there, all keys at once"
                    )
            self._kept, self._fetched = found, time.monotonic()
        return self._kept

    def _stored(self) -> dict[str, str]:
        """What the secret holds; if Secrets Manager does not say, the keys at hand go on."""
        try:
            found = json.loads(
                aws.client("secretsmanager").get_secret_value(SecretId=self._name)["SecretString"]
            )
        except (BotoCoreError, ClientError) as problem:
            if not _is_missing(problem):
                if not self._kept:
                    raise
                log.logger.exception("keys not fetched; going on with those at hand")
                return self._kept
            found = {}
        except (ValueError, KeyError):
            found = {}
        return found if isinstance(found, dict) else {}


def _is_missing(problem: Exception) -> bool:
    """Whether there is no secret, or no value in it: not the same as not being told."""
    answer = getattr(problem, "response", {})
    return bool(answer.get("Error", {}).get("Code") == "ResourceNotFoundException")


@cache
def _adapter(name: str) -> Gateway:
    """Made at first use: a Lambda pays for no SDK that it does not need."""
    if name == "stripe":
        from chalicelib.payments.stripe_gateway import Stripe

        return Stripe()
    from chalicelib.payments.razorpay_gateway import Razorpay

    return Razorpay()


@cache
def _chosen(text: str) -> dict[str, str]:
    """The setting as a table; SettingWrong unless it names a known gateway for each method."""
    table = dict(part.split("=", 1) for part in text.split() if "=" in part)
    if set(table) != set(_METHODS) or not set(table.values()) <= set(names()):
        raise settings.SettingWrong(
            f"PAYMENT_GATEWAYS must name one of {', '.join(names())} for each of {', '.join(_METHODS)},"
            f" such as {_DEFAULT!r}, but is {text!r}"
        )
    return table
