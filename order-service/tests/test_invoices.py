"""A paid order has an invoice, its refunds have credit notes, without gaps."""

import itertools
from collections import Counter
from urllib.parse import quote

import boto3
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from order_actors import error_of, run_concurrently
from order_factories import BOWL, payment_refunded

from chalicelib.invoices import document_rows, numbering, storage
from chalicelib.orders.models import Order, OrderLine, OrderShipping, Refund, RefundLine
from common import aws, events
from testkit.resources import table
from testkit.tokens import JIMMY

BUCKET = "commerce-invoices-123456789012-us-east-1"


@pytest.fixture
def bucket(monkeypatch, catalogue):
    """The bucket of PDFs, and who sells."""
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    monkeypatch.setenv("SELLER", "The Shop\n1 High Street")
    aws.bucket.cache_clear()


@pytest.fixture
def issue(api, bucket):
    """Deliver messages to issue-invoice."""
    return lambda *messages: api.sqs("issue-invoice", list(messages))


def done(order_id):
    event = events.create(
        events.OrderDone,
        order_id=order_id,
        user_id=JIMMY,
        items=[],
        total_amount=1,
        currency="USD",
        payment_id="PAY#2001",
        correlation_id="c",
    )
    return events.to_message(event)


def invoice_of(customer, order_id):
    return customer.api.get(f"/order/{quote(order_id, safe='')}/invoice", customer.token)


def pdfs():
    listed = boto3.client("s3").list_objects_v2(Bucket=BUCKET)
    return [one["Key"] for one in listed.get("Contents", [])]


def test_a_paid_order_has_an_invoice(jimmy, paid, issue):
    assert error_of(invoice_of(jimmy, paid)) == (404, "InvoiceNotFound")

    issue(done(paid))

    seen = invoice_of(jimmy, paid).json_body
    year = seen["issuedAt"][:4]
    assert (seen["number"], seen["amount"]) == (f"INV-{year}-000001", 36.48)
    assert seen["creditNotes"] == []
    stored = boto3.client("s3").get_object(Bucket=BUCKET, Key=pdfs()[0])
    assert stored["Body"].read().startswith(b"%PDF")
    assert stored["ContentType"] == "application/pdf"


def test_an_invoice_is_made_once_however_often_it_is_asked_for(jimmy, paid, issue):
    issue(done(paid), done(paid))
    first = boto3.client("s3").head_object(Bucket=BUCKET, Key=pdfs()[0])["LastModified"]
    issue(done(paid))

    assert pdfs() == [f"INV-{first:%Y}/INV-{first:%Y}-000001.pdf"]
    assert table("InvoiceSeries").scan()["Items"] == [{"series": f"INV-{first:%Y}", "last": 1}]


def test_a_pdf_that_was_drawn_stays(jimmy, paid, issue):
    issue(done(paid))
    number = invoice_of(jimmy, paid).json_body["number"]

    storage.put_once(number, b"another")

    assert boto3.client("s3").get_object(Bucket=BUCKET, Key=pdfs()[0])["Body"].read(4) == b"%PDF"


def test_a_crash_before_the_pdf_leaves_no_gap(jimmy, paid, order, issue, monkeypatch, api):
    with monkeypatch.context() as broken:
        broken.setattr(storage, "put_once", lambda number, pdf: 1 / 0)
        with pytest.raises(Exception, match="1 of 1"):
            issue(done(paid))
    assert pdfs() == []
    assert error_of(invoice_of(jimmy, paid)) == (404, "InvoiceNotFound")

    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2002"})
    issue(done(order), done(paid))

    assert [key[-8:] for key in pdfs()] == ["0001.pdf", "0002.pdf"]
    assert invoice_of(jimmy, paid).json_body["number"].endswith("000001")


def test_documents_at_one_moment_leave_no_gap(catalogue):
    documents = run_concurrently(
        *[
            lambda name=f"ORDER#{number}": numbering.find_or_number(name, "INVOICE", 1, "USD")
            for number in range(8)
        ]
    )

    assert sorted(one.number[-2:] for one in documents) == [f"{n:02}" for n in range(1, 9)]


def test_each_year_counts_from_one(paid, order, monkeypatch):
    numbering.find_or_number(paid, "INVOICE", 1, "USD")
    monkeypatch.setattr(numbering.clock, "now", lambda: "2031-01-01T00:00:00.000Z")

    assert numbering.find_or_number(order, "INVOICE", 1, "USD").number == "INV-2031-000001"


def test_a_refund_has_a_credit_note(admin, jimmy, paid, issue):
    refund = admin.refund(paid, (BOWL, 1), key="one")
    issue(done(paid))

    issue(payment_refunded(refund), payment_refunded(refund))

    (note,) = invoice_of(jimmy, paid).json_body["creditNotes"]
    assert (note["refundId"], note["amount"]) == (refund.json_body["refundId"], 12.99)
    assert note["number"] == f"CN-{note['issuedAt'][:4]}-000001"


def test_a_refund_that_overtakes_the_payment_has_both(admin, jimmy, paid, issue):
    issue(payment_refunded(admin.refund(paid)))
    issue(done(paid))

    seen = invoice_of(jimmy, paid).json_body
    assert (seen["amount"], [note["amount"] for note in seen["creditNotes"]]) == (36.48, [36.48])


def test_a_refund_at_the_dashboard_has_a_credit_note(jimmy, paid, issue):
    booked = {"orderId": paid, "refundId": "REFUND#dashboard", "amount": 5, "currency": "USD"}
    issue(payment_refunded(booked, is_booked=True))

    (note,) = invoice_of(jimmy, paid).json_body["creditNotes"]
    assert (note["refundId"], note["amount"]) == ("REFUND#dashboard", 5)


def test_money_back_for_an_order_that_never_was_is_no_credit(api, jimmy, order, issue):
    booked = {"orderId": order, "refundId": "REFUND#lost", "amount": 5, "currency": "USD"}
    api.invoke("fail-order", {"orderId": order, "reason": "PAYMENT_FAILED"})

    issue(payment_refunded(booked, is_booked=True))

    assert error_of(invoice_of(jimmy, order)) == (404, "InvoiceNotFound")
    assert pdfs() == []


def test_an_invoice_is_for_its_customer_and_staff(amy, admin, paid, issue):
    issue(done(paid))

    assert error_of(invoice_of(amy, paid)) == (404, "OrderNotFound")
    assert invoice_of(admin, paid).status_code == 200


PIECES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(1, 9_999), st.integers(0, 999)), min_size=1, max_size=4
)


@st.composite
def refunded_orders(draw):
    """An order with taxes that was refunded in parts, and then all that was left."""
    lines = [
        OrderLine(
            product_id=f"PROD#{n}",
            name="Bowl",
            qty=qty,
            price_minor=total,
            line_total_minor=total,
            tax_minor=min(tax, total),
            tax_name=f"VAT {n % 2}",
        )
        for n, (qty, total, tax) in enumerate(draw(PIECES))
    ]
    shipping = draw(st.integers(0, 500))
    order = Order("ORDER#1", lines=lines, currency="USD", refunds=[])
    if shipping:
        order.shipping = OrderShipping(
            name="Parcel", total_minor=shipping, tax_minor=shipping // 6, tax_name="VAT 0"
        )
    order.total_minor = shipping + sum(line.line_total_minor for line in lines)
    left, pieces = order.total_minor, Counter({line.product_id: line.qty for line in lines})
    for number in range(draw(st.integers(0, 3))):
        goods = [RefundLine(product_id=name, qty=1) for name in pieces if draw(st.booleans())]
        amount = draw(st.integers(0, left))
        pieces.subtract({line.product_id: 1 for line in goods})
        pieces, left = +pieces, left - amount
        order.refunds.append(
            Refund(refund_id=f"{number}", lines=goods, amount_minor=amount, whole=False)
        )
    rest = [RefundLine(product_id=name, qty=qty) for name, qty in pieces.items()]
    is_whole = draw(st.booleans())
    order.refunds.append(Refund(refund_id="rest", lines=rest, amount_minor=left, whole=is_whole))
    return order


@settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(refunded_orders())
def test_the_credit_notes_of_an_order_sum_to_its_invoice(order):
    sold = document_rows.list_sold(order)
    notes = [document_rows.list_credited(order, refund) for refund in order.refunds]

    assert sum(row.total for row in sold) == order.total_minor
    for refund, rows in zip(order.refunds, notes, strict=True):
        assert sum(row.total for row in rows) == refund.amount_minor
    credited = document_rows.sum_taxes(list(itertools.chain(*notes)))
    assert {
        name: credited[name] for name in document_rows.sum_taxes(sold)
    } == document_rows.sum_taxes(sold)
