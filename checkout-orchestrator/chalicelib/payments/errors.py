"""What can go wrong with a payment."""

from chalice import BadRequestError, ChaliceViewError, ConflictError


class PaymentDeclined(ChaliceViewError):
    """The bank, or the customer at the bank's page, said no; the message says why, in the customer's words."""

    STATUS_CODE = 402


class MethodUnknown(PaymentDeclined):
    """The gateway does not know this payment method, or cannot use it for this payment."""


class PaymentVoided(ConflictError):
    """The payment was undone, perhaps before it began: this order is not charged any more."""


class PaymentInProgress(ConflictError):
    """Another card is being charged for this order at this moment."""


class PaymentPostponed(ChaliceViewError):
    """The bank could not decide at this moment; the same payment method may well work a little later."""

    STATUS_CODE = 503


class AmountMismatch(ConflictError):
    """What is to be charged, or was, is not what the order costs. Nothing stays charged."""


class PaymentMethodFixed(ConflictError):
    """The order's payment was begun at a gateway that does not take this kind of payment."""


class TooManyAttempts(ConflictError):
    """So many payment methods were tried for this order that somebody may be trying out stolen cards."""


class PaymentRejected(ChaliceViewError):
    """The gateway does not take what the shop asks of it: a wrong key or a defect here. Repeating does not help."""

    STATUS_CODE = 502


class GatewayNotConfigured(PaymentRejected):
    """The keys of a payment gateway are not, or not all, in their secret; the message names the one that is missing."""


class GatewayUnknown(PaymentRejected):
    """A payment names a gateway for which there is no adapter."""


class GatewayUnavailable(ChaliceViewError):
    """The gateway cannot be reached, fails, or asks to come later; all that was asked of it is safe to repeat.

    `answered` tells that it failed while carrying out a request: it would repeat that answer to the same idempotency key.
    """

    STATUS_CODE = 503

    def __init__(self, message: str, answered: bool = False) -> None:
        super().__init__(message)
        self.answered = answered


class PaymentContended(ChaliceViewError):
    """Somebody else changed the payment at the same moment, again and again; safe to repeat."""

    STATUS_CODE = 503


class InvalidSignature(BadRequestError):
    """A webhook that the gateway did not sign, or signed too long ago."""


class RefundNotPossible(ConflictError):
    """There is no captured payment to give back from, or not as much as is asked for."""


class AlreadyRefunded(Exception):
    """All that was captured has been given back before."""


class IntentMoved(Exception):
    """The gateway's PaymentIntent is no longer in a state that allows what was asked; look at it again."""
