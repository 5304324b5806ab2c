"""What can go wrong with a search."""

from chalice import ChaliceViewError


class SearchUnavailable(ChaliceViewError):
    """No index can be read. Retryable."""

    STATUS_CODE = 503
    description = "The search is not available now. Lists by category and price are; try again."
