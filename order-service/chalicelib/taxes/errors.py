"""What can go wrong with tax rates."""

from chalice import ConflictError, NotFoundError


class TaxRateNotFound(NotFoundError):
    """There is no such tax rate."""

    description = "There is no such tax rate."


class TaxRateExists(ConflictError):
    """There is a rate of this country, region and class."""

    description = "There is a rate of this country, region and tax class: change that."
