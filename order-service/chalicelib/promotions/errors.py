"""What can go wrong with promotions and their coupons."""

from chalice import ConflictError, NotFoundError


class PromotionNotFound(NotFoundError):
    """There is no such promotion."""

    description = "There is no such promotion."


class CouponCodeTaken(ConflictError):
    """A promotion has this code, or had it."""

    description = "A promotion has this `code`, or had it before it was deleted."


class TooManyPromotions(ConflictError):
    """The shop has MAX_AUTOMATIC promotions without a code."""

    description = "The shop has 20 promotions without a code, and cannot have more."


class CouponNotFound(NotFoundError):
    """There is no coupon of this code."""

    description = "There is no coupon of this code. The message names it."


class CouponOver(ConflictError):
    """The coupon's time is over, or not come yet, or all its uses are taken."""

    description = (
        "The coupon is not valid now, or all its uses are taken, by everybody or by this customer."
        " The message names it."
    )


class CouponNotApplicable(ConflictError):
    """The order does not meet a condition of the coupon."""

    description = "The order does not meet a condition of the coupon. The message names both."
