"""Create, read, change and delete tax rates, and find those of a destination."""

from collections.abc import Iterable, Mapping

from msgspec import UNSET, structs

from chalicelib.configuration import rows
from chalicelib.configuration.errors import AlreadyStored
from chalicelib.configuration.schemas import PageQuery, parse_millionths
from chalicelib.taxes.errors import TaxRateExists, TaxRateNotFound
from chalicelib.taxes.models import TaxRateKey, TaxRateRow, rate_id
from chalicelib.taxes.schemas import NewTaxRate, TaxRatePatch, TaxRateView
from common.batch_reads import BatchReader, Key
from common.pages import Page
from common.schemas import InvalidBody

STANDARD = "standard"  # the rate of classes that have none of their own
_CHANGEABLE = ("name", "millionths", "included", "zero_reason")


def create_rate(request: NewTaxRate, admin_id: str, key: str | None) -> TaxRateView:
    """Create the rate of a place and class. Idempotent with a key.

    Undone by `delete_rate`.

    Raises: TaxRateExists, IdempotencyKeyReused, ConfigurationContended; with a repeated key
    TaxRateNotFound, if it was deleted since.
    """
    try:
        created_id = rows.create_row(_row(request), TaxRateKey, request, admin_id, key)
    except AlreadyStored:
        raise TaxRateExists(
            f"{request.country}, {request.region}, {request.tax_class}: there is a rate"
        ) from None
    return TaxRateView.of(get_rate(created_id))


def list_rates(query: PageQuery) -> Page[TaxRateView]:
    """Return a page of tax rates. Raises: InvalidCursor."""
    return rows.list_rows(TaxRateRow, query, TaxRateView.of)


def get_rate(text: str) -> TaxRateRow:
    """Return a tax rate. Raises: TaxRateNotFound, InvalidId."""
    return rows.get_row(TaxRateRow, text, TaxRateNotFound)


def change_rate(text: str, patch: TaxRatePatch) -> TaxRateView:
    """Change a tax rate. Orders keep what they were placed with. Idempotent.

    Raises: TaxRateNotFound, InvalidId, InvalidBody, ConfigurationContended.
    """
    changed = rows.change_row(
        lambda: get_rate(text),
        lambda row: rows.set_actions(row, _patched(row, patch), *_CHANGEABLE),
    )
    return TaxRateView.of(changed)


def delete_rate(text: str) -> None:
    """Delete a tax rate. Orders keep what they were placed with. Idempotent.

    Raises: InvalidId.
    """
    rows.delete_row(TaxRateRow, text)


def rate_keys(
    country: str, region: str | None, tax_classes: Iterable[str]
) -> list[Key[TaxRateRow]]:
    """Return the keys of the rates that may hold for the classes at a destination."""
    candidates = (_candidates(country, region, name) for name in tax_classes)
    return [Key(TaxRateRow, rate) for rates in candidates for rate in rates]


def find_rates(
    country: str, region: str | None, tax_classes: Iterable[str], reader: BatchReader
) -> Mapping[str, TaxRateRow]:
    """Return the rate of each tax class at a destination, where there is one.

    That of the region comes before that of the country, and both before those of STANDARD.
    """
    candidates = {name: _candidates(country, region, name) for name in set(tax_classes)}
    keys = rate_keys(country, region, candidates)
    rows = {rate.id: rate for rate in reader.find_all(keys)}
    return {
        name: rows[first]
        for name, rates in candidates.items()
        if (first := next((rate for rate in rates if rate in rows), None))
    }


def _candidates(country: str, region: str | None, tax_class: str) -> list[str]:
    regions = [region, None] if region else [None]
    return [rate_id(country, one, name) for name in (tax_class, STANDARD) for one in regions]


def _patched(row: TaxRateRow, patch: TaxRatePatch) -> TaxRateRow:
    present = structs.asdict(TaxRateView.of(row))
    del present["rate_id"]
    fields = {name: value for name, value in structs.asdict(patch).items() if value is not UNSET}
    try:
        return _row(NewTaxRate(**{**present, **fields}))
    except ValueError as exc:
        raise InvalidBody(str(exc)) from None


def _row(request: NewTaxRate) -> TaxRateRow:
    return TaxRateRow(
        rate_id(request.country, request.region, request.tax_class),
        name=request.name,
        country=request.country,
        region=request.region,
        tax_class=request.tax_class,
        millionths=parse_millionths("percent", request.percent),
        included=request.included,
        zero_reason=request.zero_reason,
    )
