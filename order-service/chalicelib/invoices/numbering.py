"""Number documents without gaps.

A number is counted up in the transaction that stores its document: a crash leaves both or none,
and of two documents at the same moment the second takes the next number. Tax law of many countries
asks for it, as Article 226 (2) of https://eur-lex.europa.eu/eli/dir/2006/112 does.
"""

from chalicelib.invoices.models import INVOICE, Invoice, InvoiceSeries
from common import clock, dynamodb, transactions
from common.retry import RetryPolicy

_CONFLICT_RETRIES = RetryPolicy(tries=20, pause_seconds=0.02)
_INVOICES, _CREDIT_NOTES = "INV", "CN"


class SeriesContended(Exception):
    """Others took each next number. Nothing was written. May be retried."""


def find_or_number(order_id: str, document_id: str, amount_minor: int, currency: str) -> Invoice:
    """Return the order's document, with the next number of its series if it is new.

    Idempotent. Raises: SeriesContended.
    """
    for _ in _CONFLICT_RETRIES.attempts():
        if known := dynamodb.find(Invoice, order_id, document_id):
            return known
        issued_at = clock.now()
        series, last = _read_series(document_id, issued_at)
        document = Invoice(
            order_id,
            document_id,
            number=f"{series.series}-{last + 1:06d}",
            amount_minor=amount_minor,
            currency=currency,
            issued_at=issued_at,
        )
        if _store(document, series, last):
            return document
    raise SeriesContended(f"{order_id}: every next number was taken")


def _read_series(document_id: str, issued_at: str) -> tuple[InvoiceSeries, int]:
    """Return the series of the document's year, and its last number."""
    prefix = _INVOICES if document_id == INVOICE else _CREDIT_NOTES
    name = f"{prefix}-{clock.shop_day(issued_at)[:4]}"
    stored = dynamodb.find(InvoiceSeries, name)
    return InvoiceSeries(name), stored.last if stored else 0


def _store(document: Invoice, series: InvoiceSeries, last: int) -> bool:
    """Store the document and its number. False if either is taken."""
    unchanged = InvoiceSeries.last == last if last else InvoiceSeries.last.does_not_exist()
    try:
        transactions.write(
            transactions.update(series, [InvoiceSeries.last.set(last + 1)], unchanged),
            transactions.put(document, Invoice.order_id.does_not_exist()),
        )
    except transactions.TransactionCancelled:
        return False
    return True
