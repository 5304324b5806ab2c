"""The table of payments, their statuses, and which may follow which."""

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pynamodb.attributes import (
    BooleanAttribute,
    MapAttribute,
    UnicodeAttribute,
    VersionAttribute,
)
from pynamodb.exceptions import PutError
from pynamodb.models import Model

from chalicelib.payments.errors import PaymentContended
from common import clock, dynamodb, ids

STARTED = "STARTED"
REQUIRES_ACTION = "REQUIRES_ACTION"
SUCCEEDED = "SUCCEEDED"
FAILED = "FAILED"
VOIDED = "VOIDED"
REFUNDING = "REFUNDING"
REFUNDED = "REFUNDED"

FOLLOWS = {
    STARTED: {REQUIRES_ACTION, SUCCEEDED, FAILED, VOIDED},
    REQUIRES_ACTION: {REQUIRES_ACTION, SUCCEEDED, FAILED, VOIDED},
    SUCCEEDED: {REFUNDING, REFUNDED},
    FAILED: {REFUNDING},  # where a charge got through nevertheless
    VOIDED: {REFUNDING},  # likewise
    REFUNDING: {REFUNDED},
    REFUNDED: set(),
}
OPEN = {STARTED, REQUIRES_ACTION}

_TRIES = 6
_PAUSE_SECONDS = 0.05

Given = ParamSpec("Given")
Result = TypeVar("Result")


class Attempt(MapAttribute):
    """One try to charge one payment method; noted before the gateway is asked."""

    number = dynamodb.WholeNumber()
    payment_method = UnicodeAttribute(attr_name="paymentMethod")
    begun_at = UnicodeAttribute(attr_name="begunAt")


class Refund(MapAttribute):
    """A part of what was captured that is given back: STARTED before the gateway is asked, then DONE."""

    refund_id = UnicodeAttribute(attr_name="refundId")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    status = UnicodeAttribute()
    gateway_id = UnicodeAttribute(attr_name="gatewayId", null=True)


class Payment(Model):
    """What an order's customer owes, and how far that got. One row per order; it is there before the gateway is called.

    STARTED, then perhaps REQUIRES_ACTION (the customer must do something), then SUCCEEDED (captured) or FAILED. Undoing makes
    it VOIDED, or REFUNDING and REFUNDED where money was captured. VOIDED without anything else is a tombstone: the order was
    undone before its payment began. Parts that are refunded later leave it SUCCEEDED until nothing is left.
    Every write is conditional on the version that was read.
    """

    class Meta(dynamodb.Meta):
        table_name = "Payments"

    payment_id = UnicodeAttribute(hash_key=True, attr_name="paymentId")
    order_id = UnicodeAttribute(attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId", null=True)
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor", null=True)
    currency = UnicodeAttribute(null=True)
    method = UnicodeAttribute(null=True)
    payment_method = UnicodeAttribute(attr_name="paymentMethod", null=True)
    chosen_later = BooleanAttribute(attr_name="chosenLater", default=False)
    attempt = dynamodb.WholeNumber(default=1)
    attempts = dynamodb.MapsAttribute(of=Attempt, default=list)
    soft_declines = dynamodb.WholeNumber(attr_name="softDeclines", default=0)
    status = UnicodeAttribute()
    gateway = UnicodeAttribute(default="stripe")
    intent_id = UnicodeAttribute(attr_name="intentId", null=True)
    client_secret = UnicodeAttribute(attr_name="clientSecret", null=True)
    next_action = MapAttribute[str, str](attr_name="nextAction", null=True)
    task_token = UnicodeAttribute(attr_name="taskToken", null=True)
    refund_id = UnicodeAttribute(attr_name="refundId", null=True)
    refunds = dynamodb.MapsAttribute(of=Refund, default=list)
    refunded_minor = dynamodb.WholeNumber(attr_name="refundedMinor", default=0)
    reason = UnicodeAttribute(null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId", null=True)
    created_at = UnicodeAttribute(attr_name="createdAt", default_for_new=clock.now)
    updated_at = UnicodeAttribute(attr_name="updatedAt", default_for_new=clock.now)
    version = VersionAttribute()

    @property
    def is_open(self) -> bool:
        """Whether it can still come to a charge."""
        return self.status in OPEN

    def move(self, status: str, **changes: Any) -> None:
        """Take the next status, with further changes; PaymentContended if the row is no longer as it was read."""
        assert status in FOLLOWS[self.status], f"{self.status} is not followed by {status}"
        self.keep(status=status, **changes)

    def keep(self, **changes: Any) -> None:
        """Store the changes; PaymentContended if somebody wrote the row since it was read."""
        for name, value in {**changes, "updated_at": clock.now()}.items():
            setattr(self, name, value)
        try:
            self.save()
        except PutError as problem:
            if not dynamodb.is_condition_failure(problem):
                raise
            raise PaymentContended(
                f"the payment of {self.order_id} is being changed; try again"
            ) from problem


def payment_id(order_id: str) -> str:
    """The id of the order's one payment."""
    return f"PAY#{ids.suffix(order_id)}"


def find(order_id: str) -> Payment | None:
    """The order's payment as it is now."""
    try:
        return Payment.get(payment_id(order_id), consistent_read=True)
    except Payment.DoesNotExist:
        return None


def again_if_contended(verb: Callable[Given, Result]) -> Callable[Given, Result]:
    """Do the verb anew from the row as it then is, when somebody else changed it meanwhile.

    For verbs that begin by reading the row and whose calls to the gateway may be repeated.
    """

    @wraps(verb)
    def run(*args: Given.args, **kwargs: Given.kwargs) -> Result:
        for attempt in range(_TRIES - 1):
            try:
                return verb(*args, **kwargs)
            except PaymentContended:
                time.sleep(random.uniform(0, _PAUSE_SECONDS * 2**attempt))
        return verb(*args, **kwargs)

    return run
