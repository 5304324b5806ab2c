"""Create, read, change and delete promotions, and find those of an order."""

from collections.abc import Iterable
from datetime import UTC, datetime

from msgspec import UNSET, structs

from chalicelib.configuration import rows
from chalicelib.configuration.errors import AlreadyStored
from chalicelib.configuration.schemas import PageQuery, parse_amount, parse_millionths
from chalicelib.promotions.errors import (
    CouponCodeTaken,
    CouponNotFound,
    PromotionNotFound,
    TooManyPromotions,
)
from chalicelib.promotions.models import AUTOMATIC, PromotionKey, PromotionRow, coupon_id
from chalicelib.promotions.schemas import NewPromotion, PromotionPatch, PromotionView
from common import clock, dynamodb, ids
from common.batch_reads import BatchReader, Key
from common.pages import Page
from common.schemas import InvalidBody

MAX_AUTOMATIC = 20  # all are read for a quote
_CHANGEABLE = (
    "name", "millionths", "amount_minor", "buy_qty", "get_qty", "product_ids", "categories",
    "min_subtotal_minor", "first_order_only", "starts_at", "ends_at", "usage_limit",
    "usage_limit_per_customer",
)  # fmt: skip


def create_promotion(request: NewPromotion, admin_id: str, key: str | None) -> PromotionView:
    """Create a promotion. Idempotent with a key. Undone by `delete_promotion`.

    Raises: CouponCodeTaken, TooManyPromotions, IdempotencyKeyReused, ConfigurationContended; with
    a repeated key PromotionNotFound, if it was deleted since.
    """
    if request.code is None and len(list_automatic()) >= MAX_AUTOMATIC:
        raise TooManyPromotions(f"there are {MAX_AUTOMATIC} promotions without a code")
    promotion_id = coupon_id(request.code) if request.code else ids.new(PromotionRow.id_prefix)
    try:
        created_id = rows.create_row(
            _row(promotion_id, request), PromotionKey, request, admin_id, key
        )
    except AlreadyStored:
        raise CouponCodeTaken(f"code: {request.code} is taken") from None
    return PromotionView.of(get_promotion(created_id))


def list_promotions(query: PageQuery) -> Page[PromotionView]:
    """Return a page of promotions. Raises: InvalidCursor."""
    return rows.list_rows(
        PromotionRow, query, PromotionView.of, PromotionRow.is_archived.does_not_exist()
    )


def list_automatic() -> list[PromotionRow]:
    """Return the promotions without a code, eventually consistent."""
    return list(PromotionRow.by_automatic.query(AUTOMATIC, limit=MAX_AUTOMATIC))


def get_promotion(text: str) -> PromotionRow:
    """Return a promotion. Raises: PromotionNotFound, InvalidId."""
    row = rows.get_row(PromotionRow, text, PromotionNotFound)
    if row.is_archived:
        raise PromotionNotFound(f"{row.id} was deleted")
    return row


def coupon_keys(codes: Iterable[str]) -> list[Key[PromotionRow]]:
    """Return the keys of the coupons of these codes."""
    return [Key(PromotionRow, coupon_id(code)) for code in codes]


def get_coupons(codes: Iterable[str], reader: BatchReader) -> list[PromotionRow]:
    """Return the coupons of these codes, each once. Raises: CouponNotFound."""
    codes_by_id = {coupon_id(code): code for code in codes}
    stored = reader.find_all(coupon_keys(codes_by_id.values()))
    coupons = {row.id: row for row in stored if not row.is_archived}
    if missing := [
        code for promotion_id, code in codes_by_id.items() if promotion_id not in coupons
    ]:
        raise CouponNotFound(f"couponCodes: there is no coupon {', '.join(missing)}")
    return [coupons[promotion_id] for promotion_id in codes_by_id]


def change_promotion(text: str, patch: PromotionPatch) -> PromotionView:
    """Change a promotion. Orders keep what they were placed with. Idempotent.

    Raises: PromotionNotFound, InvalidId, InvalidBody, ConfigurationContended.
    """
    changed = rows.change_row(
        lambda: get_promotion(text),
        lambda row: rows.set_actions(row, _patched(row, patch), *_CHANGEABLE),
    )
    return PromotionView.of(changed)


def delete_promotion(text: str) -> None:
    """End a promotion for good. Its code stays taken. Idempotent.

    Raises: InvalidId, ConfigurationContended.
    """
    unread = PromotionRow(ids.parse(PromotionRow.id_prefix, text), version=0)  # see confirm_order
    changes = [
        PromotionRow.is_archived.set(True),
        PromotionRow.automatic.remove(),
        PromotionRow.updated_at.set(clock.now()),
    ]
    with rows.translate_contention():
        dynamodb.update_if(unread, changes, PromotionRow.name.exists(), add_version_condition=False)


def _patched(row: PromotionRow, patch: PromotionPatch) -> PromotionRow:
    present = structs.asdict(PromotionView.of(row))
    del present["promotion_id"]
    fields = {name: value for name, value in structs.asdict(patch).items() if value is not UNSET}
    try:
        return _row(row.id, NewPromotion(**{**present, **fields}))
    except ValueError as exc:
        raise InvalidBody(str(exc)) from None


def _row(promotion_id: str, request: NewPromotion) -> PromotionRow:
    percent, amount, least = request.percent, request.amount, request.min_subtotal
    return PromotionRow(
        promotion_id,
        automatic=None if request.code else AUTOMATIC,
        name=request.name,
        effect=request.effect,
        code=request.code,
        millionths=None if percent is None else parse_millionths("percent", percent),
        amount_minor=None if amount is None else parse_amount("amount", amount, request.currency),
        buy_qty=request.buy_qty,
        get_qty=request.get_qty,
        currency=request.currency,
        product_ids=request.product_ids,
        categories=request.categories,
        min_subtotal_minor=(
            None if least is None else parse_amount("minSubtotal", least, request.currency)
        ),
        first_order_only=request.first_order_only,
        starts_at=_stored(request.starts_at),
        ends_at=_stored(request.ends_at),
        usage_limit=request.usage_limit,
        usage_limit_per_customer=request.usage_limit_per_customer,
    )


def _stored(moment: datetime | None) -> str | None:
    return None if moment is None else clock.iso(moment.astimezone(UTC).timestamp())
