"""Money: integer minor units inside, decimal numbers on the wire.

Never floats.
"""

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation

from chalice import BadRequestError

# Decimals of each accepted currency, from ISO 4217.
CURRENCIES = {
    "AUD": 2, "CAD": 2, "CHF": 2, "DKK": 2, "EUR": 2, "GBP": 2, "INR": 2, "JPY": 0, "KRW": 0,
    "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2, "SGD": 2, "USD": 2,
}  # fmt: skip
DEFAULT = "USD"
# Stripe takes at most eight digits: https://docs.stripe.com/api/payment_intents/create
MAX_AMOUNT = 99_999_999

# The default context would round numbers of more than 28 digits.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])


class InvalidAmount(BadRequestError):
    """An amount, or its currency, that the shop does not take."""

    description = "An amount or a currency is not one that the shop takes; the message says why."


def validate_currency(currency: str) -> str:
    """Return the ISO 4217 code in capitals.

    Raises: InvalidAmount if the shop does not accept the currency.
    """
    code = currency.upper()
    if code not in CURRENCIES:
        raise InvalidAmount(f"currency: {currency!r} is not one of {', '.join(CURRENCIES)}")
    return code


def minor(amount: Decimal | int | float | str, currency: str = DEFAULT) -> int:
    """Convert a decimal amount to minor units: 12.99 USD is 1299.

    Raises: InvalidAmount for more decimals than the currency has, for a negative amount, and
    for one above MAX_AMOUNT.
    """
    digits = CURRENCIES[validate_currency(currency)]
    try:
        scaled = Decimal(str(amount)).scaleb(digits, _EXACT)
    except DecimalException:
        raise InvalidAmount(f"{amount!r} is not an amount of money") from None
    if not scaled.is_finite() or not 0 <= scaled <= MAX_AMOUNT:
        raise InvalidAmount(
            f"{amount} is not between 0 and {decimal(MAX_AMOUNT, currency)} {currency}"
        )
    if scaled != scaled.to_integral_value():
        raise InvalidAmount(f"{amount} has more decimals than {currency} has: at most {digits}")
    return int(scaled)


def decimal(minor_units: int, currency: str = DEFAULT) -> Decimal:
    """Convert minor units to the decimal number of the wire: 1299 is 12.99 USD."""
    return Decimal(int(minor_units)).scaleb(-CURRENCIES[validate_currency(currency)])


def format_amount(minor_units: int, currency: str = DEFAULT) -> str:
    """Format an amount for people: `12.99 USD`."""
    return f"{decimal(minor_units, currency)} {currency}"
