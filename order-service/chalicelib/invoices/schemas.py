"""Responses about invoices."""

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from common.schemas import Schema

Url = Annotated[str, Meta(description="Where the PDF is, for fifteen minutes.")]


class CreditNoteView(Schema):
    """The credit note of a refund."""

    number: str
    refund_id: str
    amount: Decimal
    issued_at: str
    url: Url


class InvoiceView(Schema):
    """The invoice of an order, with the credit notes of its refunds, oldest first."""

    order_id: str
    number: str
    amount: Decimal
    currency: str
    issued_at: str
    url: Url
    credit_notes: list[CreditNoteView]
