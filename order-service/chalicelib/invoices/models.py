"""The tables InvoiceSeries and Invoices."""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.models import Model

from common import dynamodb

INVOICE = "INVOICE"  # the document_id of an order's invoice; that of a credit note is its refund


class InvoiceSeries(Model):
    """The last number of a series, such as `INV-2026`.

    Counted up with each new document.
    """

    class Meta(dynamodb.Meta):
        table_name = "InvoiceSeries"

    series = UnicodeAttribute(hash_key=True)
    last = dynamodb.WholeNumber()


class Invoice(Model):
    """An invoice or a credit note of an order. Never changed or deleted."""

    class Meta(dynamodb.Meta):
        table_name = "Invoices"

    order_id = UnicodeAttribute(hash_key=True, attr_name="orderId")
    document_id = UnicodeAttribute(range_key=True, attr_name="documentId")
    number = UnicodeAttribute()
    amount_minor = dynamodb.WholeNumber(attr_name="amountMinor")
    currency = UnicodeAttribute()
    issued_at = UnicodeAttribute(attr_name="issuedAt")
