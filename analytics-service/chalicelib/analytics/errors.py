"""Errors of analytics; `description` is published to customers of the API."""

from chalice import BadRequestError


class PeriodInvalid(BadRequestError):
    """The days of a query are not a period of at most MAX_DAYS days."""

    description = "Expected `day`, or `from` and `to`, which are at most 92 days."


class ChangeNotUnderstood(Exception):
    """A stream record lacks an attribute that its table's items have. A retry does not help."""
