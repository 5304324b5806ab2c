"""How often coupons are used.

A use is counted with the order and returned when that ends unpaid. The order's transaction has
the operations, so that a use is counted exactly when the order is
stored, and returned exactly when it leaves the statuses that hold it.
"""

from collections.abc import Iterable

from chalicelib.promotions.errors import CouponOver
from chalicelib.promotions.models import EVERYBODY, CouponUses, PromotionRow
from common import transactions
from common.batch_reads import BatchReader, Key

Limits = dict[str, int]  # by whose uses: EVERYBODY, or a customer's id


def find_limits(coupon: PromotionRow, user_id: str | None) -> Limits:
    """Return the limits that an order of this customer counts against."""
    limits = {}
    if coupon.usage_limit is not None:
        limits[EVERYBODY] = int(coupon.usage_limit)
    per_customer = 1 if coupon.first_order_only else coupon.usage_limit_per_customer
    if user_id is not None and per_customer is not None:
        limits[user_id] = int(per_customer)
    return limits


def keys(promotion_id: str, user_id: str | None) -> list[Key[CouponUses]]:
    """Return the keys of the counters that a use may count on."""
    counted = [EVERYBODY] if user_id is None else [EVERYBODY, user_id]
    return [Key(CouponUses, promotion_id, whose) for whose in counted]


def require_left(coupon: PromotionRow, user_id: str | None, reader: BatchReader) -> None:
    """Require that a use is left. It decides nothing yet.

    Raises: CouponOver.
    """
    for whose, limit in find_limits(coupon, user_id).items():
        row = reader.find(Key(CouponUses, coupon.id, whose))
        if row is not None and row.uses >= limit:
            raise CouponOver(f"couponCodes: all uses of {coupon.code} are taken")


def count_use(promotion_id: str, limits: Limits) -> list[transactions.Operation]:
    """Return the operations that count a use, and fail where none is left."""
    return [
        transactions.update(
            CouponUses(promotion_id, whose),
            [CouponUses.uses.add(1)],
            CouponUses.uses.does_not_exist() | (CouponUses.uses < limit),
        )
        for whose, limit in limits.items()
    ]


def return_use(promotion_id: str, counted_for: Iterable[str]) -> list[transactions.Operation]:
    """Return the operations that take a use off the counters that have it."""
    return [
        transactions.update(CouponUses(promotion_id, whose), [CouponUses.uses.add(-1)])
        for whose in counted_for
    ]
