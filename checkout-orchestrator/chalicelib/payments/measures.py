"""What is counted of payments: each thing once, by whoever wrote it on the payment's row."""

from chalicelib.payments.gateway import Intent
from chalicelib.payments.models import Payment
from common import log, metrics

RETURNED, UNDONE = "RETURNED", "UNDONE"

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


def declined(intent: Intent) -> None:
    """A bank refused an attempt."""
    log.emit_metric(
        "payment declined", {metrics.PAYMENTS_DECLINED: 1}, reason=reason(intent.decline_code)
    )


def captured() -> None:
    """The money is there."""
    log.emit_metric("payment captured", {metrics.PAYMENTS_CAPTURED: 1})


def refunded(payment: Payment, amount_minor: int, cause: str) -> None:
    """So much was given back."""
    values = {metrics.REFUNDS: 1, metrics.REFUNDED: amount_minor}
    log.emit_metric("payment refunded", values, cause=cause, currency=payment.currency)


def reason(code: str | None) -> str:
    """The shop's word for a gateway's code."""
    return next((word for word, codes in _REASONS.items() if code in codes), _OTHER)
