"""What the gateways take: the smallest amounts, and currencies of payment types."""

from chalicelib.payments.errors import CurrencyNotAccepted, TotalTooSmall
from common import money

# In minor units: https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts. KRW is not
# in that table: Stripe then takes the worth of its smallest amount in the account's currency.
_STRIPE = {
    "AUD": 50, "CAD": 50, "CHF": 50, "DKK": 250, "EUR": 50, "GBP": 30, "INR": 50, "JPY": 50,
    "KRW": 1000, "NOK": 300, "NZD": 50, "PLN": 200, "SEK": 300, "SGD": 50, "USD": 50,
}  # fmt: skip
# 100 of the minor unit in every currency: https://razorpay.com/docs/api/orders/create
_RAZORPAY = dict.fromkeys(money.CURRENCIES, 100)
MIN_MINOR = {"stripe": _STRIPE, "razorpay": _RAZORPAY}
# https://docs.stripe.com/payments/upi, https://razorpay.com/docs/payments/payment-methods/upi
CURRENCIES_OF = {"CARD": frozenset(money.CURRENCIES), "UPI": frozenset({"INR"})}


def validate_amount(
    gateway: str, payment_method_type: str, amount_minor: int, currency: str
) -> None:
    """Raise CurrencyNotAccepted or TotalTooSmall for what a gateway would refuse."""
    currencies = CURRENCIES_OF[payment_method_type]
    if currency not in currencies:
        raise CurrencyNotAccepted(
            f"method: {payment_method_type} takes {', '.join(sorted(currencies))} only, and the"
            f" total is in {currency}"
        )
    minimum = MIN_MINOR[gateway][currency]
    if 0 < amount_minor < minimum:
        raise TotalTooSmall(
            f"the total is {money.format_amount(amount_minor, currency)}; the least that can be"
            f" paid by {payment_method_type} is {money.format_amount(minimum, currency)}"
        )
