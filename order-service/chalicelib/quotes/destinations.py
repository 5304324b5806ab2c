"""Whether goods cost the same at another destination."""

from collections.abc import Iterable

from chalicelib.shipping import rates
from chalicelib.shipping.models import ShippingMethod
from chalicelib.shipping.rates import Destination
from chalicelib.taxes import service as taxes
from common.batch_reads import BatchReader

Rates = dict[str, tuple[str, int, bool]]


def costs_the_same(
    method: ShippingMethod | None,
    tax_classes: Iterable[str],
    before: Destination,
    after: Destination,
    reader: BatchReader,
) -> bool:
    """Tell whether goods of these tax classes cost the same at both destinations.

    What a method costs depends on the goods alone, so that it has to serve the new destination.
    Without a method only the same region and postal code cost the same.
    """
    if _place(before) == _place(after):
        return True
    goods = set(tax_classes)
    if method is None or not rates.serves(method, after, goods):
        return False
    classes = {*goods, method.tax_class}
    return _rates(before, classes, reader) == _rates(after, classes, reader)


def _place(destination: Destination) -> tuple[str, str | None, str | None]:
    """Return all that shipping and tax depend on."""
    return destination.country, destination.region, destination.postal_code


def _rates(destination: Destination, classes: set[str], reader: BatchReader) -> Rates:
    rows = taxes.find_rates(destination.country, destination.region, classes, reader)
    return {name: (row.name, int(row.millionths), row.included) for name, row in rows.items()}
