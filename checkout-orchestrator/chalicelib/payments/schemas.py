"""Inputs and results of the payment steps, for Step Functions and the queues."""

from decimal import Decimal
from typing import Literal

import msgspec

from common.schemas import Schema

PaymentMethodType = Literal["CARD", "UPI"]


class Charge(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step ProcessPayment: `amount` is the order's total, decimal, in `currency`.

    Without a currency it is that of the method: INR for UPI, else USD.
    """

    order_id: str
    amount: Decimal
    currency: str = ""
    payment_method_type: PaymentMethodType = msgspec.field(default="CARD", name="method")
    payment_method: str | None = None
    user_id: str | None = None
    pay_by: str | None = None

    def __post_init__(self) -> None:
        self.currency = self.currency or ("INR" if self.payment_method_type == "UPI" else "USD")


class VoidPayment(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step RefundPayment, and the message of a refund that has to be retried."""

    order_id: str
    reason: str | None = None
    unless_paid: bool = msgspec.field(default=False, name="unlessBought")
    tries: int = 0


class AwaitPayment(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step AwaitPayment."""

    order_id: str
    task_token: str


class RetryCharge(Charge, kw_only=True):
    """Saga step QueuePaymentRetry: the charge, and the saga's task token."""

    task_token: str
    tries: int = 0


class PaymentResult(msgspec.Struct, rename="camel"):
    """Result of ProcessPayment, and of the states that wait for a payment."""

    payment_id: str
    status: str
    payment_status: str


class VoidResult(msgspec.Struct, rename="camel"):
    """Result of the saga step RefundPayment."""

    payment_id: str
    status: str


class AwaitResult(msgspec.Struct, rename="camel"):
    """Response of await-payment: the payment's status so far."""

    status: str


class WebhookReceived(Schema):
    """The webhook is stored and will be processed."""

    received: bool
