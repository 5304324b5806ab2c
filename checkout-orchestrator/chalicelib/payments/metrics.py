"""Metrics of payments: each fact once, by the run that stored it."""

from enum import StrEnum

from chalicelib.payments.gateways.port import Intent
from chalicelib.payments.models import Payment
from common import log, metrics


class RefundCause(StrEnum):
    """Why money was refunded: the shop was asked to, the checkout was undone, by hand."""

    RETURNED = "RETURNED"
    UNDONE = "UNDONE"
    DASHBOARD = "DASHBOARD"


# Few words for many codes, so that a chart can be read and a gateway's new code is no new metric:
# https://docs.stripe.com/declines/codes, https://razorpay.com/docs/errors/payments/error-codes
_REASONS = {
    "NO_MONEY": {"insufficient_funds"},
    "LIMIT": {
        "card_velocity_exceeded",
        "withdrawal_count_limit_exceeded",
        "transaction_limit_exceeded",
    },
    "EXPIRED": {"expired_card", "card_expired"},
    "MISTYPED": {
        "incorrect_cvc",
        "invalid_cvc",
        "incorrect_number",
        "invalid_number",
        "incorrect_pin",
    },
    "FRAUD": {"fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist"},
    "NOT_PROVED": {
        "authentication_required",
        "payment_intent_authentication_failure",
        "authentication_failed",
        "payment_cancelled",
        "payment_timed_out",
    },
    "TRY_AGAIN": {
        "processing_error",
        "issuer_not_available",
        "try_again_later",
        "reenter_transaction",
        "approve_with_id",
        "gateway_technical_error",
    },
    "REFUSED": {
        "card_declined",
        "generic_decline",
        "do_not_honor",
        "payment_declined",
        "payment_failed",
    },
}
_OTHER = "OTHER"


def count_decline(intent: Intent) -> None:
    """Count an attempt that the bank declined."""
    reason = decline_reason(intent.decline_code)
    log.emit_metric("payment declined", {metrics.PAYMENTS_DECLINED: 1}, reason=reason)


def count_capture() -> None:
    """Count a captured payment."""
    log.emit_metric("payment captured", {metrics.PAYMENTS_CAPTURED: 1})


def count_refund(payment: Payment, amount_minor: int, cause: RefundCause) -> None:
    """Count a refund and its amount."""
    values = {metrics.REFUNDS: 1, metrics.REFUNDED: amount_minor}
    log.emit_metric("payment refunded", values, cause=cause, currency=payment.currency)


def count_dispute(status: str) -> None:
    """Count a dispute that was opened, won or lost."""
    log.emit_metric("payment disputed", {metrics.DISPUTES: 1}, log.logger.warning, status=status)


def count_failed_refund() -> None:
    """Count a refund that the gateway or the customer's bank did not make."""
    log.emit_metric("refund failed", {metrics.REFUNDS_FAILED: 1}, log.logger.error)


def decline_reason(code: str | None) -> str:
    """The shop's reason for a gateway's decline code."""
    return next((reason for reason, codes in _REASONS.items() if code in codes), _OTHER)
