"""Which shipping methods serve an address, and for how much."""

from collections.abc import Iterable
from typing import Protocol

from chalicelib.shipping.models import ShippingMethod
from chalicelib.shipping.schemas import BandUnit
from chalicelib.shipping.zones import Zone, normalize_postal_code


class Destination(Protocol):
    """What a zone looks at of an address."""

    country: str
    region: str | None
    postal_code: str | None


def serves(method: ShippingMethod, destination: Destination, tax_classes: Iterable[str]) -> bool:
    """Whether the method ships goods of these tax classes there."""
    return any(_contains(zone, destination) for zone in method.zones) and not set(
        tax_classes
    ).intersection(method.excluded_tax_classes)


def find_price(method: ShippingMethod, weight_grams: int, subtotal: int) -> int | None:
    """Return the price in minor units, None for a parcel beyond the last band."""
    measure = weight_grams if method.band_unit == BandUnit.WEIGHT else subtotal
    price = next(
        (
            int(band.price_minor)
            for band in method.bands
            if band.up_to is None or measure <= band.up_to
        ),
        None,
    )
    is_free = method.free_above_minor is not None and subtotal >= method.free_above_minor
    return 0 if is_free and price is not None else price


def _contains(zone: Zone, destination: Destination) -> bool:
    if destination.country not in zone.countries:
        return False
    if zone.regions and destination.region not in zone.regions:
        return False
    code = normalize_postal_code(destination.postal_code or "")
    return not zone.postal_codes or any(
        codes.first <= code[: len(codes.first)] <= codes.last for codes in zone.postal_codes
    )
