"""What can go wrong with a payment."""

from chalice import BadRequestError, ChaliceViewError, ConflictError


class PaymentDeclined(ChaliceViewError):
    """The bank declined, or the customer did at the bank's page; the message is for the customer."""

    STATUS_CODE = 402


class PaymentMethodInvalid(PaymentDeclined):
    """The gateway does not know this payment method, or cannot use it for this payment."""


class PaymentVoided(ConflictError):
    """The payment was voided, perhaps before it began: this order is not charged any more."""


class PaymentInProgress(ConflictError):
    """Another payment method is being charged for this order at this moment."""


class SoftDecline(ChaliceViewError):
    """The bank could not decide; the same payment method may succeed a little later."""

    STATUS_CODE = 503


class AmountMismatch(ConflictError):
    """The amount to be charged, or captured, is not the order's total. Nothing stays charged."""


class PaymentMethodFixed(ConflictError):
    """The order's payment was begun at a gateway that does not take this kind of payment."""


class TooManyAttempts(ConflictError):
    """Too many payment methods were tried for this order: it looks like card testing."""


class PaymentRejected(ChaliceViewError):
    """The gateway rejects the shop's request: a wrong key or a defect here. Not retryable."""

    STATUS_CODE = 502


class GatewayNotConfigured(PaymentRejected):
    """A gateway's secret lacks a key, which the message names."""


class GatewayUnknown(PaymentRejected):
    """A payment names a gateway for which there is no adapter."""


class GatewayUnavailable(ChaliceViewError):
    """The gateway cannot be reached, fails, or is busy. Retryable: all calls are idempotent.

    `answered`: it failed while executing the request, and repeats that response to the same
    idempotency key.
    """

    STATUS_CODE = 503

    def __init__(self, message: str, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class PaymentContended(ChaliceViewError):
    """Other runs changed the payment at the same moment, again and again. Retryable."""

    STATUS_CODE = 503


class InvalidSignature(BadRequestError):
    """The gateway did not sign this webhook, or too long ago."""


class RefundNotPossible(ConflictError):
    """There is no captured payment to refund from, or not as much as is requested."""


class AlreadyRefunded(Exception):
    """All that was captured has been refunded."""


class IntentStateConflict(Exception):
    """The PaymentIntent is in a state that does not allow the request; retrieve it again."""
