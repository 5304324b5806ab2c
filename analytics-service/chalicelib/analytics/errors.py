"""What can go wrong with analytics."""

from chalice import BadRequestError


class PeriodInvalid(BadRequestError):
    """The days are not a period of at most 92 days."""


class ChangeNotUnderstood(Exception):
    """A stream record lacks an attribute that its table's items have. A retry does not help."""
