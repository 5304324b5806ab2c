"""Stripe's test payment methods: https://docs.stripe.com/testing; and what the customer's bank says to each."""

from dataclasses import dataclass

from localcloud.stripe.errors import invalid


@dataclass(frozen=True)
class Bank:
    """How the bank behind a payment method behaves."""

    type: str = "card"
    decline_code: str | None = None
    code: str = "card_declined"
    message: str = "Your card was declined."
    asks: bool = False


_METHODS = {
    "pm_card_visa": Bank(),
    "pm_card_mastercard": Bank(),
    "pm_card_amex": Bank(),
    "pm_card_chargeDeclined": Bank(decline_code="generic_decline"),
    "pm_card_visa_chargeDeclined": Bank(decline_code="generic_decline"),
    "pm_card_chargeDeclinedInsufficientFunds": Bank(
        decline_code="insufficient_funds", message="Your card has insufficient funds."
    ),
    "pm_card_visa_chargeDeclinedInsufficientFunds": Bank(
        decline_code="insufficient_funds", message="Your card has insufficient funds."
    ),
    "pm_card_chargeDeclinedExpiredCard": Bank(
        decline_code="expired_card", code="expired_card", message="Your card has expired."
    ),
    "pm_card_chargeDeclinedIncorrectCvc": Bank(
        decline_code="incorrect_cvc", code="incorrect_cvc", message="Your card's security code is incorrect."
    ),
    "pm_card_chargeDeclinedProcessingError": Bank(
        decline_code="processing_error",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    "pm_card_threeDSecure2Required": Bank(asks=True),
    "pm_card_authenticationRequired": Bank(asks=True),
    "pm_upi": Bank(type="upi", asks=True),
}


def bank(payment_method: str, allowed: list[str]) -> Bank:
    """The bank of a payment method; 400 if there is none, or if the intent does not take its type."""
    found = _METHODS.get(payment_method)
    if found is None:
        raise invalid(
            f"No such PaymentMethod: '{payment_method}'", param="payment_method", code="resource_missing"
        )
    if found.type not in allowed:
        raise invalid(
            f"The PaymentMethod provided ({found.type}) is not allowed for this PaymentIntent.",
            param="payment_method",
        )
    return found
