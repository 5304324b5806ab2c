"""Money: whole minor units (cents) inside, a decimal number with its currency on the wire; never a float."""

from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation

from chalice import BadRequestError

# Decimals of each currency that the shop takes, from ISO 4217.
CURRENCIES = {
    "AUD": 2, "CAD": 2, "CHF": 2, "DKK": 2, "EUR": 2, "GBP": 2, "INR": 2, "JPY": 0, "KRW": 0,
    "NOK": 2, "NZD": 2, "PLN": 2, "SEK": 2, "SGD": 2, "USD": 2,
}  # fmt: skip
DEFAULT = "USD"
MOST = 99_999_999  # Stripe takes at most eight digits: https://docs.stripe.com/api/payment_intents/create

# The usual context would round what is longer than 28 digits.
_EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])


class InvalidAmount(BadRequestError):
    """An amount of money, or its currency, that the shop cannot take."""


def validate_currency(currency: str) -> str:
    """The currency's ISO 4217 code in capitals; InvalidAmount if the shop does not take it."""
    code = currency.upper()
    if code not in CURRENCIES:
        raise InvalidAmount(f"currency: {currency!r} is not one of {', '.join(CURRENCIES)}")
    return code


def minor(amount: Decimal | int | float | str, currency: str = DEFAULT) -> int:
    """A decimal amount in minor units of its currency: 12.99 USD is 1299.

    Raises InvalidAmount for more decimals than the currency has, a negative amount, or one above MOST.
    """
    digits = CURRENCIES[validate_currency(currency)]
    try:
        scaled = Decimal(str(amount)).scaleb(digits, _EXACT)
    except DecimalException:
        raise InvalidAmount(f"{amount!r} is not an amount of money") from None
    if not scaled.is_finite() or not 0 <= scaled <= MOST:
        raise InvalidAmount(f"{amount} is not between 0 and {decimal(MOST, currency)} {currency}")
    if scaled != scaled.to_integral_value():
        raise InvalidAmount(f"{amount} has more decimals than {currency} has: at most {digits}")
    return int(scaled)


def decimal(minor_units: int, currency: str = DEFAULT) -> Decimal:
    """Minor units as the decimal number that goes on the wire: 1299 is 12.99 USD."""
    return Decimal(int(minor_units)).scaleb(-CURRENCIES[validate_currency(currency)])


def format_amount(minor_units: int, currency: str = DEFAULT) -> str:
    """As a customer reads it: `12.99 USD`."""
    return f"{decimal(minor_units, currency)} {currency}"
