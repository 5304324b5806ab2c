"""Stripe's test payment methods, and how the bank behind each responds.

https://docs.stripe.com/testing
"""

from dataclasses import dataclass
from typing import Any

from devcloud.gateways.store import JsonObject
from devcloud.stripe.errors import invalid_request


@dataclass(frozen=True)
class Bank:
    """How the bank behind a payment method responds."""

    type: str = "card"
    decline_code: str | None = None
    code: str = "card_declined"
    message: str = "Your card was declined."
    requires_action: bool = False

    @property
    def outcome(self) -> str:
        """What happens to a payment with it, for people."""
        if self.requires_action:
            return "asks the customer to confirm"
        return f"declined: {self.decline_code}" if self.decline_code else "succeeds"


SOFT_DECLINED = "pm_card_chargeDeclinedProcessingError"
UPI = "pm_upi"  # on Stripe a client creates one with payment_method_data[type]=upi
METHODS = {
    "pm_card_visa": Bank(),
    "pm_card_mastercard": Bank(),
    "pm_card_amex": Bank(),
    "pm_card_discover": Bank(),
    "pm_card_visa_debit": Bank(),
    "pm_card_chargeDeclined": Bank(decline_code="generic_decline"),
    "pm_card_visa_chargeDeclined": Bank(decline_code="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Bank(
        decline_code="insufficient_funds", message="Your card has insufficient funds."
    ),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Bank(
        decline_code="insufficient_funds", message="Your card has insufficient funds."
    ),
    "pm_card_visa_chargeDeclinedLostCard": Bank(decline_code="lost_card"),
    "pm_card_visa_chargeDeclinedStolenCard": Bank(decline_code="stolen_card"),
    "pm_card_visa_chargeDeclinedVelocityLimitExceeded": Bank(
        decline_code="card_velocity_exceeded",
        message=(
            "Your card was declined for making repeated attempts too frequently or exceeding its"
            " amount limit."
        ),
    ),
    "pm_card_chargeDeclinedFraudulent": Bank(decline_code="fraudulent"),
    "pm_card_chargeDeclinedExpiredCard": Bank(
        decline_code="expired_card", code="expired_card", message="Your card has expired."
    ),
    "pm_card_chargeDeclinedIncorrectCvc": Bank(
        decline_code="incorrect_cvc",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    SOFT_DECLINED: Bank(
        decline_code="processing_error",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    "pm_card_threeDSecure2Required": Bank(requires_action=True),
    "pm_card_authenticationRequired": Bank(requires_action=True),
    UPI: Bank(type="upi", requires_action=True),
}


def requested_method(params: JsonObject) -> str | None:
    """Return the payment method that a request names.

    Raises: StripeError 400 for a card number, which must not reach a shop.
    """
    method, data = params.get("payment_method"), params.get("payment_method_data")
    if _has_number(data) or _has_number(params) or str(method).replace(" ", "").isdigit():
        raise invalid_request(
            "Sending credit card numbers directly to the Stripe API is generally unsafe.",
            param="payment_method" if method else "payment_method_data[card][number]",
        )
    if isinstance(data, dict) and data.get("type") == "upi":
        return UPI
    return str(method) if method else None


def _has_number(data: Any) -> bool:
    card = data.get("card") if isinstance(data, dict) else None
    return isinstance(card, dict) and "number" in card


def find_bank(payment_method: str, allowed_types: list[str]) -> Bank:
    """Return the bank of a payment method.

    Raises: StripeError 400 when there is none, or its type is not allowed.
    """
    bank = METHODS.get(payment_method)
    if bank is None:
        raise invalid_request(
            f"No such PaymentMethod: '{payment_method}'",
            param="payment_method",
            code="resource_missing",
        )
    if bank.type not in allowed_types:
        raise invalid_request(
            f"The PaymentMethod provided ({bank.type}) is not allowed for this PaymentIntent.",
            param="payment_method",
        )
    return bank
