"""What can go wrong with analytics."""

from chalice import BadRequestError


class PeriodInvalid(BadRequestError):
    """The days asked for are no period, or too many."""


class ChangeNotUnderstood(Exception):
    """A stream record lacks what every item of its table has; repeating it does not help."""
