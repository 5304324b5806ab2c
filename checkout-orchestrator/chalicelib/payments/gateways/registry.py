"""Which gateways there are, and which one takes which payment method type."""

from collections.abc import Callable
from functools import cache
from typing import get_args

from chalicelib.payments.errors import GatewayUnknown
from chalicelib.payments.gateways.port import Gateway
from chalicelib.payments.schemas import PaymentMethodType
from common import lazy_imports, settings

with lazy_imports.until_first_use():
    from chalicelib.payments.gateways import razorpay, stripe

_ADAPTERS: dict[str, Callable[[], Gateway]] = {
    "stripe": lambda: stripe.Stripe(),
    "razorpay": lambda: razorpay.Razorpay(),
}
NAMES = tuple(_ADAPTERS)
_TYPES = get_args(PaymentMethodType)
_DEFAULT = "CARD=stripe UPI=razorpay"


@cache
def get_gateway(name: str) -> Gateway:
    """Return the adapter of this name. Raises: GatewayUnknown."""
    if name not in _ADAPTERS:
        raise GatewayUnknown(f"{name!r} is no payment gateway; there are: {', '.join(NAMES)}")
    return _ADAPTERS[name]()


def gateway_name_for(payment_method_type: str) -> str:
    """Which gateway takes this type, by PAYMENT_GATEWAYS: `CARD=stripe UPI=razorpay`.

    A payment keeps the gateway that it was begun with, so the setting can change at any time.
    """
    return _parse(settings.text("PAYMENT_GATEWAYS", _DEFAULT))[payment_method_type]


@cache
def _parse(text: str) -> dict[str, str]:
    """Parse the setting. Raises: SettingWrong unless it is complete."""
    table = dict(part.split("=", 1) for part in text.split() if "=" in part)
    if set(table) != set(_TYPES) or not set(table.values()) <= set(NAMES):
        raise settings.SettingWrong(
            f"PAYMENT_GATEWAYS must name one of {', '.join(NAMES)} for each of "
            f"{', '.join(_TYPES)}, such as {_DEFAULT!r}, but is {text!r}"
        )
    return table
