"""Issue and show the invoice of a paid order and the credit notes of its refunds.

A document has its number first and its PDF after it: what crashed in between is delivered again,
finds the number, and draws the PDF.
"""

from collections.abc import Iterator
from typing import Any

from chalicelib.invoices import document_rows, numbering, storage
from chalicelib.invoices.errors import InvoiceNotFound
from chalicelib.invoices.models import INVOICE, Invoice
from chalicelib.invoices.schemas import CreditNoteView, InvoiceView
from chalicelib.orders import lookups
from chalicelib.orders.errors import OrderNotRefundable
from chalicelib.orders.models import Order, Refund
from chalicelib.orders.refund_records import find_refund
from chalicelib.orders.statuses import PAID_STATUSES, OrderStatus
from common import events, log, money
from common.auth import Caller


def apply_event(message: dict[str, Any]) -> None:
    """Issue the document of the event in a queue's message.

    Idempotent, in any order of events. Not undone: a credit note corrects an invoice.

    Raises: OrderNotFound, OrderNotRefundable, SeriesContended.
    """
    if message.get("detail-type") == events.PaymentRefunded.detail_type:
        _issue_credit_note(events.parse(events.PaymentRefunded, message))
    else:
        _issue_invoice(lookups.get(events.parse(events.OrderDone, message).order_id))


def get_invoice(order_id: str, caller: Caller) -> InvoiceView:
    """Return the order's documents, for its customer and staff.

    Raises: OrderNotFound, InvoiceNotFound.
    """
    order = lookups.get_for(order_id, caller)
    rows = Invoice.query(order.order_id, consistent_read=True)
    documents = {one.document_id: one for one in rows}
    invoice = documents.pop(INVOICE, None)
    url = storage.find_url(invoice.number) if invoice else None
    if invoice is None or url is None:
        raise InvoiceNotFound(f"{order.order_id} is {order.status} and has no invoice yet")
    return InvoiceView(
        order_id=order.order_id,
        number=invoice.number,
        amount=money.decimal(invoice.amount_minor, invoice.currency),
        currency=invoice.currency,
        issued_at=invoice.issued_at,
        url=url,
        credit_notes=list(_credit_notes(sorted(documents.values(), key=lambda one: one.number))),
    )


def _credit_notes(documents: list[Invoice]) -> Iterator[CreditNoteView]:
    for one in documents:
        if url := storage.find_url(one.number):
            amount = money.decimal(one.amount_minor, one.currency)
            yield CreditNoteView(one.number, one.document_id, amount, one.issued_at, url)


def _issue_invoice(order: Order) -> Invoice:
    from chalicelib.invoices import drawing  # only issue-invoice has its layer

    document = numbering.find_or_number(order.order_id, INVOICE, order.total_minor, order.currency)
    rows = document_rows.list_sold(order)
    storage.put_once(document.number, drawing.draw_invoice(order, document, rows))
    return document


def _issue_credit_note(event: events.PaymentRefunded) -> None:
    from chalicelib.invoices import drawing  # only issue-invoice has its layer

    order, amount = lookups.get(event.order_id), money.minor(event.amount, event.currency)
    if order.status == OrderStatus.CREATED:
        raise OrderNotRefundable(f"{order.order_id} is not confirmed yet")
    if order.status not in PAID_STATUSES or not amount:
        log.logger.info("nothing to credit", extra={"status": order.status})
        return
    invoice = _issue_invoice(order)
    document = numbering.find_or_number(order.order_id, event.refund_id, amount, order.currency)
    rows = document_rows.list_credited(
        order, _refund(order, event.refund_id, document.amount_minor)
    )
    pdf = drawing.draw_credit_note(order, document, rows, invoice)
    storage.put_once(document.number, pdf)


def _refund(order: Order, refund_id: str, amount_minor: int) -> Refund:
    """Return the refund with what was refunded, perhaps before the order has it."""
    known = find_refund(order, refund_id)
    return Refund(
        refund_id=refund_id,
        lines=known.lines if known else [],
        shipping_minor=known.shipping_minor if known else None,
        whole=bool(known and known.whole),
        amount_minor=amount_minor,
    )
