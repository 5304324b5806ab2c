"""What can go wrong while the books are checked. A discrepancy is none of it: it is an answer."""


class DayInvalid(Exception):
    """Not a day that has begun, as YYYY-MM-DD."""


class DiscrepancyStands(Exception):
    """Something that only a person can mend is still wrong."""


class StockTooLarge(Exception):
    """There was no time to add up all reservations."""
