"""What can go wrong during a reconciliation. A discrepancy is no error."""


class DayInvalid(Exception):
    """Not a day, as YYYY-MM-DD, that has begun."""


class PositionInvalid(Exception):
    """Not the `next` of an earlier report."""


class DiscrepancyStands(Exception):
    """A discrepancy that was escalated is still there."""
