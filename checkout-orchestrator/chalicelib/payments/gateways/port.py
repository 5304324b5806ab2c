"""The port to the payment gateways, in the shop's own terms.

The adapters hold to one contract (tests/test_gateways.py), so nothing outside them depends on
which gateway it is.
"""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from common.pages import Page


class IntentStatus(StrEnum):
    """The state of an intent."""

    NEW = "NEW"  # no attempt was made yet
    WAITING = "WAITING"  # for the customer
    PROCESSING = "PROCESSING"  # at the bank
    DECLINED = "DECLINED"  # the last attempt failed, and none is under way
    CAPTURED = "CAPTURED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Intent:
    """The gateway's record of a payment, captured at most once. In minor units.

    `is_soft`: the decline is retryable. `action` is what the customer's client does next.
    """

    id: str
    status: IntentStatus
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

    @property
    def kept(self) -> int:
        """Minor units that were captured and not refunded."""
        return self.received - self.refunded


@dataclass(frozen=True)
class GatewayRefund:
    """The gateway's record of a refund, in minor units.

    `key` is what the shop asked with, None for one that was made at the gateway's dashboard.
    """

    id: str
    amount: int
    key: str | None
    is_failed: bool


class DisputeStatus(StrEnum):
    """OPEN until the customer's bank decides: WON by the shop, or LOST."""

    OPEN = "OPEN"
    WON = "WON"
    LOST = "LOST"


@dataclass(frozen=True)
class GatewayDispute:
    """The gateway's record of a chargeback, in minor units.

    `evidence_due_by`: until when the shop can answer, as Unix time.
    """

    id: str
    intent_id: str
    amount: int
    status: DisputeStatus
    reason: str
    evidence_due_by: int | None


class Webhook(msgspec.Struct, rename="camel", frozen=True):
    """What a verified webhook is about. It can be old, so retrieve the intent.

    `failed_refund` is the gateway's id of a refund that the customer's bank did not accept,
    `is_about_refund` is true for each webhook about a refund.
    """

    gateway: str
    event_id: str
    kind: str
    intent_id: str | None
    order_id: str | None
    failed_refund: str | None = None
    is_about_refund: bool = False
    dispute_id: str | None = None


class Gateway(Protocol):
    """What every adapter does.

    Each verb raises GatewayUnavailable (retryable) and PaymentRejected (not retryable).
    """

    name: str

    @abstractmethod
    def forget_keys(self) -> None:
        """Fetch the gateway's keys again at the next call."""

    @abstractmethod
    def create_intent(
        self,
        order_id: str,
        amount_minor: int,
        currency: str,
        payment_method_type: str,
        key: str,
    ) -> Intent:
        """Create an intent, which charges nothing yet. Idempotent by the key."""

    @abstractmethod
    def retrieve_intent(self, intent_id: str) -> Intent:
        """Read the intent as it is now."""

    @abstractmethod
    def confirm_intent(
        self, intent_id: str, payment_method: str, payment_method_type: str, key: str
    ) -> Intent:
        """Charge the payment method. A decline is a result. Idempotent."""

    @abstractmethod
    def cancel_intent(self, intent_id: str) -> Intent:
        """Cancel the intent unless it is captured already. Idempotent."""

    @abstractmethod
    def create_refund(
        self, intent_id: str, key: str, amount_minor: int | None = None, attempt: int = 1
    ) -> str | None:
        """Refund this amount, or all that is left, and return the refund's id, if any.

        Idempotent by the key, for ever: the adapter first looks for a refund with this key,
        because a gateway drops its idempotency keys after a day. `attempt` counts up after a
        failure that the gateway would repeat to the same idempotency key. Raises: RefundFailed.
        """

    @abstractmethod
    def list_refunds(self, intent_id: str) -> list[GatewayRefund]:
        """List all refunds of the intent, also those by hand and those that failed."""

    @abstractmethod
    def retrieve_dispute(self, dispute_id: str) -> GatewayDispute:
        """Read the dispute as it is now."""

    @abstractmethod
    def list_intents(self, since: int, until: int, cursor: str | None = None) -> Page[Intent]:
        """List a page of the intents created from `since` until before `until`.

        In Unix time.
        """

    @abstractmethod
    def read_webhook(self, body: bytes | str, headers: Mapping[str, str]) -> Webhook:
        """Verify and parse a webhook. Raises: InvalidSignature."""


def intent_key(gateway: str, intent_id: str) -> str:
    """The name of an intent among those of all gateways, such as `stripe pi_3Q...`."""
    return f"{gateway} {intent_id}"
