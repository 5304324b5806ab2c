"""What can be paid by which method: the limits of the gateways, in minor units.

checkout-orchestrator owns them (payments/gateways/limits.py), and names their sources.
"""

from chalicelib.orders.errors import CurrencyNotAccepted, TotalTooSmall
from common import money

# The smallest amount by method and currency, at the gateways of the default PAYMENT_GATEWAYS.
MIN_MINOR: dict[str, dict[str, int]] = {
    "CARD": {
        "AUD": 50, "CAD": 50, "CHF": 50, "DKK": 250, "EUR": 50, "GBP": 30, "INR": 50, "JPY": 50,
        "KRW": 1000, "NOK": 300, "NZD": 50, "PLN": 200, "SEK": 300, "SGD": 50, "USD": 50,
    },
    "UPI": {"INR": 100},
}  # fmt: skip


def require_payable(total_minor: int, currency: str, method: str) -> None:
    """Raise CurrencyNotAccepted or TotalTooSmall for what no gateway would charge.

    Nothing is charged for a total of 0, so that it is always accepted.
    """
    minimums = MIN_MINOR[method]
    if currency not in minimums:
        raise CurrencyNotAccepted(
            f"method: {method} takes {', '.join(minimums)} only, and the prices are in {currency}"
        )
    if 0 < total_minor < minimums[currency]:
        raise TotalTooSmall(
            f"the total is {money.format_amount(total_minor, currency)}; the least that can be"
            f" paid by {method} is {money.format_amount(minimums[currency], currency)}"
        )
