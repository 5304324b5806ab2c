"""Create, read, change and delete shipping methods."""

from msgspec import UNSET, structs

from chalicelib.configuration import rows
from chalicelib.configuration.schemas import PageQuery, parse_amount
from chalicelib.shipping.errors import ShippingMethodNotFound, TooManyShippingMethods
from chalicelib.shipping.models import ShippingMethod, ShippingMethodKey, StoredBand
from chalicelib.shipping.schemas import (
    NewShippingMethod,
    ShippingMethodPatch,
    ShippingMethodView,
)
from common import ids
from common.pages import Page
from common.schemas import InvalidBody

MAX_METHODS = 50  # all are read for a quote
_CHANGEABLE = (
    "name", "zones", "bands", "band_unit", "free_above_minor", "min_days", "max_days",
    "tax_class", "excluded_tax_classes",
)  # fmt: skip


def create_method(request: NewShippingMethod, admin_id: str, key: str | None) -> ShippingMethodView:
    """Create a shipping method. Idempotent with a key. Undone by `delete_method`.

    Raises: TooManyShippingMethods, IdempotencyKeyReused, ConfigurationContended; with a repeated
    key ShippingMethodNotFound, if it was deleted since.
    """
    if len(list_all()) >= MAX_METHODS:
        raise TooManyShippingMethods(f"there are {MAX_METHODS} shipping methods")
    row = _row(ids.new(ShippingMethod.id_prefix), request)
    method_id = rows.create_row(row, ShippingMethodKey, request, admin_id, key)
    return ShippingMethodView.of(get_method(method_id))


def list_methods(query: PageQuery) -> Page[ShippingMethodView]:
    """Return a page of shipping methods. Raises: InvalidCursor."""
    return rows.list_rows(ShippingMethod, query, ShippingMethodView.of)


def list_all() -> list[ShippingMethod]:
    """Return all shipping methods: at most MAX_METHODS."""
    return list(ShippingMethod.scan(ShippingMethod.name.exists(), consistent_read=True))


def get_method(method_id: str) -> ShippingMethod:
    """Return a shipping method. Raises: ShippingMethodNotFound, InvalidId."""
    return rows.get_row(ShippingMethod, method_id, ShippingMethodNotFound)


def change_method(method_id: str, patch: ShippingMethodPatch) -> ShippingMethodView:
    """Change a shipping method. Orders keep their copy. Idempotent.

    Raises: ShippingMethodNotFound, InvalidId, InvalidBody, ConfigurationContended.
    """
    changed = rows.change_row(
        lambda: get_method(method_id),
        lambda row: rows.set_actions(row, _patched(row, patch), *_CHANGEABLE),
    )
    return ShippingMethodView.of(changed)


def delete_method(method_id: str) -> None:
    """Delete a shipping method. Orders keep their copy. Idempotent.

    Raises: InvalidId.
    """
    ShippingMethod(ids.parse(ShippingMethod.id_prefix, method_id)).delete(
        add_version_condition=False
    )


def _patched(row: ShippingMethod, patch: ShippingMethodPatch) -> ShippingMethod:
    present = structs.asdict(ShippingMethodView.of(row))
    del present["method_id"]
    fields = {name: value for name, value in structs.asdict(patch).items() if value is not UNSET}
    try:
        return _row(row.id, NewShippingMethod(**{**present, **fields}))
    except ValueError as exc:
        raise InvalidBody(str(exc)) from None


def _row(method_id: str, request: NewShippingMethod) -> ShippingMethod:
    currency, free_above = request.currency, request.free_above
    return ShippingMethod(
        method_id,
        name=request.name,
        zones=request.zones,
        bands=[
            StoredBand(parse_amount("bands.price", band.price, currency), request.parse_limit(band))
            for band in request.bands
        ],
        band_unit=request.band_unit,
        currency=currency,
        free_above_minor=(
            None if free_above is None else parse_amount("freeAbove", free_above, currency)
        ),
        min_days=request.min_days,
        max_days=request.max_days,
        tax_class=request.tax_class,
        excluded_tax_classes=request.excluded_tax_classes,
    )
