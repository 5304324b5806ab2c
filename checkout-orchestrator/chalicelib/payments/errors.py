"""What can go wrong with a payment."""

from chalice import BadRequestError, ChaliceViewError, ConflictError


class PaymentDeclined(ChaliceViewError):
    """The bank or the customer declined. The message is for the customer."""

    STATUS_CODE = 402
    description = "The payment was declined; the message says why. Try another payment method."


class PaymentMethodInvalid(PaymentDeclined):
    """The gateway does not know this payment method, or cannot use it here."""


class PaymentVoided(ConflictError):
    """The payment was voided, perhaps before it began: nothing is charged any more."""


class PaymentExpired(ConflictError):
    """The order's offer has ended: no charge is started or confirmed any more."""


class PaymentInProgress(ConflictError):
    """Another payment method is being charged for this order at this moment."""

    description = "Another payment method is being charged for this order at this moment."


class SoftDecline(ChaliceViewError):
    """The bank could not decide. The same payment method may succeed later."""

    STATUS_CODE = 503


class AmountMismatch(ConflictError):
    """The amount is not the order's total. Nothing stays charged."""


class PaymentMethodFixed(ConflictError):
    """The payment was begun at a gateway that does not take this type."""

    description = "The order cannot be paid by this `method` any more: cancel it and order again."


class TooManyAttempts(ConflictError):
    """Too many payment methods were tried for this order: it looks like card testing."""

    description = "Too many payment methods were tried for this order: order again."


class TotalTooSmall(BadRequestError):
    """The total is below what the payment gateway charges."""

    description = "The total is less than the payment gateway charges; the message says how much."


class CurrencyNotAccepted(BadRequestError):
    """The payment method does not take the currency of the order."""

    description = "The `method` does not take the order's currency: UPI takes INR only."


class PaymentRejected(ChaliceViewError):
    """The gateway rejects the request: a wrong key, or a defect. Not retryable."""

    STATUS_CODE = 502
    description = "The payment gateway rejects the request. Repeating it does not help."


class RefundFailed(PaymentRejected):
    """The gateway or the bank did not make the refund. Its key stays failed."""


class GatewayNotConfigured(PaymentRejected):
    """A gateway's secret lacks a key, which the message names."""

    description = "The payment gateway is not configured. Repeating the request does not help."


class GatewayUnknown(PaymentRejected):
    """A payment names a gateway for which there is no adapter."""

    description = "The order names an unknown payment gateway. Repeating does not help."


class GatewayUnavailable(ChaliceViewError):
    """The gateway cannot be reached, fails, or is busy. Retryable.

    `answered`: it failed while executing the request, and repeats that response to the same
    idempotency key.
    """

    STATUS_CODE = 503
    description = "The payment gateway does not answer. Send the same request again."

    def __init__(self, message: str, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class PaymentContended(ChaliceViewError):
    """Other runs changed the payment at the same moment, again and again. Retryable."""

    STATUS_CODE = 503
    description = "The payment is being changed by other requests. Send the same request again."


class InvalidSignature(BadRequestError):
    """The gateway did not sign this webhook, or too long ago."""

    description = "The signature is not that of the gateway, or it is too old."


class RefundNotPossible(ConflictError):
    """There is no captured payment to refund from, or not as much as is requested."""


class ChargeDisputed(RefundNotPossible):
    """The customer's bank has not decided a dispute: a refund would pay twice."""


class AlreadyRefunded(Exception):
    """All that was captured has been refunded."""


class IntentStateConflict(Exception):
    """The intent's state does not allow the request. Retrieve it again."""
