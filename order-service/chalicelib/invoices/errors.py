"""Errors of invoices. Customers of the API read `description`."""

from chalice import NotFoundError


class InvoiceNotFound(NotFoundError):
    """The order has no invoice, or not yet."""

    description = "The order has no invoice: it is made a moment after the payment."
