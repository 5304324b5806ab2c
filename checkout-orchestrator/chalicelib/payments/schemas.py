"""What Step Functions and the queues hand to the payment steps."""

from decimal import Decimal
from typing import Literal

import msgspec

Method = Literal["CARD", "UPI"]


class Charge(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step ProcessPayment: `amount` is the order's own total, decimal, in `currency`."""

    order_id: str
    amount: Decimal
    currency: str = "USD"
    method: Method = "CARD"
    payment_method: str | None = None
    user_id: str | None = None


class Refund(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step RefundPayment, and the message of a refund that has to be tried again."""

    order_id: str
    reason: str | None = None
    unless_bought: bool = False
    tries: int = 0


class Wait(msgspec.Struct, rename="camel", kw_only=True):
    """Saga step AwaitPayment."""

    order_id: str
    task_token: str


class ChargeAgain(Charge, kw_only=True):
    """Saga step QueuePaymentRetry: the charge, and the token of the saga that waits for it."""

    task_token: str
    tries: int = 0
