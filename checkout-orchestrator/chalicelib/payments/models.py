"""The tables of payments and of webhook events, their statuses and transitions."""

from collections.abc import Callable, Iterable
from enum import StrEnum
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
from chalicelib.payments.gateways.port import DisputeStatus
from chalicelib.readmodels.orders import offer_end
from common import clock, dynamodb, ids
from common.retry import RetryPolicy

CONFLICT_RETRIES = RetryPolicy(tries=6, pause_seconds=0.05)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class PaymentStatus(StrEnum):
    """STARTED, perhaps REQUIRES_ACTION (of the customer), SUCCEEDED or FAILED.

    SUCCEEDED is captured. Undoing makes it VOIDED, or REFUNDING and REFUNDED where money was
    captured. Parts that are refunded later leave it SUCCEEDED until nothing is left.
    """

    STARTED = "STARTED"
    REQUIRES_ACTION = "REQUIRES_ACTION"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    VOIDED = "VOIDED"
    REFUNDING = "REFUNDING"
    REFUNDED = "REFUNDED"


OPEN_STATUSES = frozenset({PaymentStatus.STARTED, PaymentStatus.REQUIRES_ACTION})
_AFTER_OPEN = frozenset(
    {
        PaymentStatus.REQUIRES_ACTION,
        PaymentStatus.SUCCEEDED,
        PaymentStatus.FAILED,
        PaymentStatus.VOIDED,
    }
)
TRANSITIONS: dict[PaymentStatus, frozenset[PaymentStatus]] = {
    PaymentStatus.STARTED: _AFTER_OPEN,
    PaymentStatus.REQUIRES_ACTION: _AFTER_OPEN,
    PaymentStatus.SUCCEEDED: frozenset({PaymentStatus.REFUNDING, PaymentStatus.REFUNDED}),
    # Where a charge was captured nevertheless:
    PaymentStatus.FAILED: frozenset({PaymentStatus.REFUNDING}),
    PaymentStatus.VOIDED: frozenset({PaymentStatus.REFUNDING}),
    PaymentStatus.REFUNDING: frozenset({PaymentStatus.REFUNDED}),
    # A refund failed at the customer's bank, days later.
    PaymentStatus.REFUNDED: frozenset({PaymentStatus.SUCCEEDED}),
}


class RefundStatus(StrEnum):
    """STARTED before the call of the gateway, then DONE or FAILED, even days later."""

    STARTED = "STARTED"
    DONE = "DONE"
    FAILED = "FAILED"


class Attempt(dynamodb.Map):
    """One attempt to charge one payment method, stored before the call."""

    number = dynamodb.WholeNumber()
    payment_method = UnicodeAttribute(attr_name="paymentMethod")
    begun_at = UnicodeAttribute(attr_name="begunAt")


class Refund(dynamodb.Map):
    """A part of what was captured that is refunded.

    `is_booked`: it was made at the gateway's dashboard. A failed one is tried again as another
    `attempt`, with another key, as a gateway answers the same key with the failed refund.
    """

    refund_id = UnicodeAttribute(attr_name="refundId")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    status = UnicodeAttribute()
    gateway_id = UnicodeAttribute(attr_name="gatewayId", null=True)
    attempt = dynamodb.WholeNumber(default=1)
    is_booked = BooleanAttribute(attr_name="isBooked", default=False)

    @property
    def is_failed(self) -> bool:
        """Whether its money is not back, and may be refunded otherwise."""
        return self.status == RefundStatus.FAILED

    @property
    def is_done(self) -> bool:
        """Whether the gateway made it."""
        return self.status == RefundStatus.DONE


class Dispute(dynamodb.Map):
    """A chargeback: the bank takes the amount back, unless the shop wins."""

    dispute_id = UnicodeAttribute(attr_name="disputeId")
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    status = UnicodeAttribute()
    reason = UnicodeAttribute()
    evidence_due_by = UnicodeAttribute(attr_name="evidenceDueBy", null=True)


class Payment(Model):
    """The one payment of an order, stored before the gateway is called.

    VOIDED without an amount is a tombstone: the order was undone before its payment began.
    Every write has an optimistic lock: it is conditional on the version that was read.
    """

    class Meta(dynamodb.Meta):
        table_name = "Payments"

    payment_id = UnicodeAttribute(hash_key=True, attr_name="paymentId")
    order_id = UnicodeAttribute(attr_name="orderId")
    user_id = UnicodeAttribute(attr_name="userId", null=True)
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor", null=True)
    currency = UnicodeAttribute(null=True)
    payment_method_type = UnicodeAttribute(attr_name="method", null=True)
    payment_method = UnicodeAttribute(attr_name="paymentMethod", null=True)
    chosen_later = BooleanAttribute(attr_name="chosenLater", default=False)
    attempt = dynamodb.WholeNumber(default=1)
    attempts = dynamodb.MapsAttribute(of=Attempt, default=list)
    soft_declines = dynamodb.WholeNumber(attr_name="softDeclines", default=0)
    status = UnicodeAttribute()
    gateway = UnicodeAttribute(default="stripe")
    intent_id = UnicodeAttribute(attr_name="intentId", null=True)
    client_secret = UnicodeAttribute(attr_name="clientSecret", null=True)
    next_action: MapAttribute[str, str] = MapAttribute(attr_name="nextAction", null=True)
    task_token = UnicodeAttribute(attr_name="taskToken", null=True)
    refund_id = UnicodeAttribute(attr_name="refundId", null=True)
    refunds = dynamodb.MapsAttribute(of=Refund, default=list)
    disputes = dynamodb.MapsAttribute(of=Dispute, default=list)
    refunded_minor = dynamodb.WholeNumber(attr_name="refundedMinor", default=0)
    reason = UnicodeAttribute(null=True)
    pay_by = UnicodeAttribute(attr_name="payBy", null=True)
    # The customer is at the bank, or in the gateway's own checkout.
    with_customer = BooleanAttribute(attr_name="withCustomer", null=True)
    # ProcessPayment stored the capture, so that no webhook need publish it.
    captured_in_step = BooleanAttribute(attr_name="capturedInStep", null=True)
    correlation_id = UnicodeAttribute(attr_name="correlationId", null=True)
    created_at = UnicodeAttribute(attr_name="createdAt", default_for_new=clock.now)
    updated_at = UnicodeAttribute(attr_name="updatedAt", default_for_new=clock.now)
    version = VersionAttribute()

    @property
    def is_open(self) -> bool:
        """Whether it can still be captured."""
        return self.status in OPEN_STATUSES

    @property
    def has_method(self) -> bool:
        """Whether the customer has chosen how to pay, here or at the gateway."""
        return bool(self.payment_method or self.with_customer)

    @property
    def is_overdue(self) -> bool:
        """Whether the order's offer has ended."""
        return (self.pay_by or offer_end(self.created_at)) <= clock.now()

    @property
    def refundable_minor(self) -> int:
        """What is captured and not refunded, reserved, or lost in a dispute."""
        lost = sum(one.amount_minor for one in self.disputes if one.status == DisputeStatus.LOST)
        return int(self.amount_minor or 0) - int(self.refunded_minor) - lost

    @property
    def is_disputed(self) -> bool:
        """Whether a dispute is not decided, so that nothing is refunded."""
        return any(dispute.status == DisputeStatus.OPEN for dispute in self.disputes)

    def find_refund(self, refund_id: str) -> Refund | None:
        """The refund of this id, None if there is none."""
        return next((refund for refund in self.refunds if refund.refund_id == refund_id), None)

    def save_refunds(self) -> None:
        """Store the refunds with their sum and the status. Raises: PaymentContended."""
        counted = [refund for refund in self.refunds if not refund.is_failed]
        done = sum(refund.amount_minor for refund in counted if refund.is_done)
        is_refunded = done == self.amount_minor
        self.save_changes(
            refunds=self.refunds,
            refunded_minor=sum(refund.amount_minor for refund in counted),
            status=PaymentStatus.REFUNDED if is_refunded else PaymentStatus.SUCCEEDED,
        )

    def transition(self, status: PaymentStatus, **changes: Any) -> None:
        """Store the next status, with further changes.

        Raises: PaymentContended if the row is no longer as it was read.
        """
        current = PaymentStatus(self.status)
        assert status in TRANSITIONS[current], f"{current} is not followed by {status}"
        self.save_changes(status=status, **changes)

    def save_changes(self, **changes: Any) -> None:
        """Store the changes. Raises: PaymentContended if it was written since."""
        for name, value in {**changes, "updated_at": clock.now()}.items():
            setattr(self, name, value)
        try:
            self.save()
        except PutError as exc:
            if not dynamodb.is_condition_failure(exc):
                raise
            raise PaymentContended(
                f"the payment of {self.order_id} is being changed; try again"
            ) from exc


class WebhookEvent(Model):
    """A gateway's event, stored first and processed after: see `handledAt`."""

    class Meta(dynamodb.Meta):
        table_name = "GatewayEvents"

    event_id = UnicodeAttribute(hash_key=True, attr_name="eventId")
    kind = UnicodeAttribute()
    intent_id = UnicodeAttribute(attr_name="intentId", null=True)
    order_id = UnicodeAttribute(attr_name="orderId", null=True)
    received_at = UnicodeAttribute(attr_name="receivedAt", default_for_new=clock.now)
    handled_at = UnicodeAttribute(attr_name="handledAt", null=True)
    expires_at = dynamodb.WholeNumber(attr_name="expiresAt")


def payment_id(order_id: str) -> str:
    """The id of the order's one payment."""
    return f"PAY#{ids.suffix(order_id)}"


def find_payment(order_id: str) -> Payment | None:
    """Read the order's payment, None if there is none. Strongly consistent."""
    return dynamodb.find(Payment, payment_id(order_id))


def find_intents(order_ids: Iterable[str]) -> dict[str, Payment]:
    """Read when the payments of the orders began, and their intents, by order id.

    Nothing else of the rows. Strongly consistent.
    """
    keys = [payment_id(order_id) for order_id in order_ids]
    names = ["orderId", "gateway", "intentId", "createdAt"]
    payments = Payment.batch_get(keys, consistent_read=True, attributes_to_get=names)
    return {payment.order_id: payment for payment in payments}


def retry_on_conflict(verb: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Repeat the verb when another run changed the payment meanwhile.

    For verbs that begin by reading the row and whose calls of the gateway are idempotent.
    """

    @wraps(verb)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        for attempt in CONFLICT_RETRIES.attempts():
            try:
                return verb(*args, **kwargs)
            except PaymentContended:
                if attempt + 1 == CONFLICT_RETRIES.tries:
                    raise
        raise AssertionError("a policy has at least one attempt")

    return run
