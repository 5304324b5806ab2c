"""Draw invoices and credit notes as PDFs.

Of the layer `documents` (requirements-documents.txt): only the Lambda that draws has it.
"""

from collections.abc import Iterator
from functools import cache
from io import BytesIO
from typing import Any
from xml.sax.saxutils import escape

import font_source_sans_pro
from reportlab.lib import colors
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from chalicelib.invoices import document_rows
from chalicelib.invoices.document_rows import Row
from chalicelib.invoices.models import Invoice
from chalicelib.orders import order_numbers
from chalicelib.orders.addresses import AddressMap
from chalicelib.orders.models import Order
from common import clock, money, settings

_REGULAR, _BOLD = "SourceSansPro", "SourceSansProSemibold"
_MARGIN = 18 * mm
_COLUMNS = (66 * mm, 12 * mm, 24 * mm, 24 * mm, 22 * mm, 26 * mm)
_LINES = TableStyle(
    [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, 0), 0.8, colors.black),
        ("LINEBELOW", (0, 1), (-1, -1), 0.25, colors.lightgrey),
    ]
)


def draw_invoice(order: Order, document: Invoice, rows: list[Row]) -> bytes:
    """Return the PDF of an order's invoice."""
    return _draw("Invoice", order, document, rows, "Total paid")


def draw_credit_note(order: Order, document: Invoice, rows: list[Row], invoice: Invoice) -> bytes:
    """Return the PDF of the credit note of a refund, which corrects the invoice."""
    title, to = "Credit note", f"to invoice {invoice.number}"
    return _draw(title, order, document, rows, "Total refunded", to)


def _draw(
    title: str, order: Order, document: Invoice, rows: list[Row], total: str, to: str = ""
) -> bytes:
    _register_fonts()
    out = BytesIO()
    # `invariant`: the same order gives the same bytes.
    page = SimpleDocTemplate(
        out,
        pagesize=A4,
        title=f"{title} {document.number}",
        author=settings.text("SELLER").partition("\n")[0],
        invariant=1,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
    )
    page.build(
        [
            *_head(title, order, document, to),
            Spacer(0, 6 * mm),
            _table(order, rows),
            Spacer(0, 3 * mm),
            *_sums(order, rows, total),
        ],
        onFirstPage=_number_page,
        onLaterPages=_number_page,
    )
    return out.getvalue()


def _head(title: str, order: Order, document: Invoice, to: str) -> Iterator[Any]:
    yield _paragraph(settings.text("SELLER"), size=9)
    yield Spacer(0, 8 * mm)
    yield _paragraph(f"{title} {document.number}", size=18, font=_BOLD)
    number = order_numbers.create_number(order.order_id, order.created_at)
    facts = [f"Date: {clock.shop_day(document.issued_at)}", to, f"Order: {number}"]
    facts.append(f"Ordered: {clock.shop_day(order.created_at)}")
    yield _paragraph("\n".join(filter(None, facts)))
    buyer = order.billing_address or order.shipping_address
    if buyer is not None:
        yield Spacer(0, 4 * mm)
        yield _paragraph("\n".join(_address_lines(buyer)))


def _address_lines(address: AddressMap) -> Iterator[str]:
    city = " ".join(filter(None, [address.postal_code, address.city, address.region]))
    lines = [address.name, address.company, address.line1, address.line2, city, address.country]
    yield from filter(None, lines)


def _table(order: Order, rows: list[Row]) -> Table:
    heads = [_paragraph("Description", font=_BOLD)]
    heads += [_right(text, _BOLD) for text in ("Qty", "Price", "Discount", "Tax", "Amount")]
    cells = [heads, *(_cells(order, row) for row in rows)]
    return Table(cells, _COLUMNS, repeatRows=1, style=_LINES, hAlign="LEFT")


def _cells(order: Order, row: Row) -> list[Paragraph]:
    return [
        _paragraph(row.text),
        _right("" if row.qty is None else str(row.qty)),
        _right("" if row.price is None else _amount(order, row.price)),
        _right(_amount(order, -row.discount) if row.discount else ""),
        _right(_amount(order, row.taxes.total()) if row.taxes else ""),
        _right(_amount(order, row.total)),
    ]


def _sums(order: Order, rows: list[Row], total: str) -> Iterator[Paragraph]:
    whole = sum(row.total for row in rows)
    yield _right(f"{total}: {_amount(order, whole)} {order.currency}", _BOLD, 12)
    for name, tax in document_rows.sum_taxes(rows).items():
        yield _right(f"of it {name}: {_amount(order, tax)} {order.currency}")
    if order.tax_included:
        yield _right("Prices are with tax.", size=8)


def _amount(order: Order, minor_units: int) -> str:
    return str(money.decimal(minor_units, order.currency))


def _right(text: str, font: str = _REGULAR, size: int = 10) -> Paragraph:
    return _paragraph(text, font, size, alignment=TA_RIGHT)


def _paragraph(text: str, font: str = _REGULAR, size: int = 10, **style: Any) -> Paragraph:
    looks = ParagraphStyle(
        font, fontName=font, fontSize=size, leading=size * 1.3, splitLongWords=1, **style
    )
    return Paragraph(escape(text).replace("\n", "<br/>"), looks)


def _number_page(canvas: Any, page: Any) -> None:
    canvas.setFont(_REGULAR, 8)
    canvas.drawRightString(A4[0] - _MARGIN, 10 * mm, f"{page.title}, page {page.page}")


@cache
def _register_fonts() -> None:
    for name in (_REGULAR, _BOLD):
        pdfmetrics.registerFont(TTFont(name, font_source_sans_pro.font_files_ttf[name]))
