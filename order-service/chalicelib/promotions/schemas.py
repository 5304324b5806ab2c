"""Promotions as staff write and read them."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self

from msgspec import UNSET, Meta, UnsetType

from chalicelib.configuration import schemas as fields
from common import ids, lazy_imports, money
from common.schemas import Schema

with lazy_imports.until_first_use():
    from chalicelib.promotions import models

_CODE = re.compile(r"[A-Z0-9][A-Z0-9-]{2,39}")


class PromotionEffect(StrEnum):
    """What a promotion does."""

    PERCENT = "PERCENT"
    AMOUNT = "AMOUNT"
    FREE_SHIPPING = "FREE_SHIPPING"
    BUY_X_GET_Y = "BUY_X_GET_Y"


Pieces = Annotated[int, Meta(ge=1, le=99)]
Uses = Annotated[int, Meta(ge=1, le=1_000_000)]
Products = Annotated[
    list[str], Meta(max_length=100, description="It is for these goods, and none else.")
]
Categories = Annotated[
    list[str], Meta(max_length=50, description="It is for goods of these, and none else.")
]
Moment = Annotated[datetime, Meta(tz=True)]


class NewPromotion(Schema):
    """What is taken off, on which conditions. With a `code` it is a coupon."""

    name: str
    effect: PromotionEffect
    code: Annotated[
        str | None, Meta(description="3 to 40 letters, digits and dashes, in either case.")
    ] = None
    percent: Annotated[
        Decimal | None, Meta(description="Of PERCENT; of BUY_X_GET_Y 100 if it is left out.")
    ] = None
    amount: Annotated[Decimal | None, Meta(description="Of AMOUNT.")] = None
    buy_qty: Annotated[Pieces | None, Meta(description="X of BUY_X_GET_Y.")] = None
    get_qty: Annotated[
        Pieces | None, Meta(description="Y of BUY_X_GET_Y, the cheapest of the goods.")
    ] = None
    currency: Annotated[str, Meta(description="It is for orders in this currency only.")] = (
        money.DEFAULT
    )
    product_ids: Products = []
    categories: Categories = []
    min_subtotal: Annotated[Decimal | None, Meta(description="At list prices.")] = None
    first_order_only: bool = False
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    usage_limit: Annotated[Uses | None, Meta(description="Of a coupon, by everybody.")] = None
    usage_limit_per_customer: Annotated[Uses | None, Meta(description="Of a coupon.")] = None

    def __post_init__(self) -> None:
        self.name = fields.parse_name(self.name)
        self.currency = fields.parse_currency(self.currency)
        self.code = None if self.code is None else parse_code(self.code)
        try:
            self.product_ids = [ids.parse("PROD", one) for one in self.product_ids]
        except ids.InvalidId as exc:
            raise ValueError(f"productIds: {exc}") from None
        self._validate_effect()
        self._validate_conditions()

    def _validate_effect(self) -> None:
        bundle = self.effect is PromotionEffect.BUY_X_GET_Y
        _require("buyQty", self.buy_qty, bundle)
        _require("getQty", self.get_qty, bundle)
        _require("amount", self.amount, self.effect is PromotionEffect.AMOUNT)
        if not bundle:
            _require("percent", self.percent, self.effect is PromotionEffect.PERCENT)
        if self.percent is not None and not fields.parse_millionths("percent", self.percent):
            raise ValueError("percent: expected more than 0")
        if self.amount is not None and not fields.parse_amount(
            "amount", self.amount, self.currency
        ):
            raise ValueError("amount: expected more than 0")

    def _validate_conditions(self) -> None:
        if self.min_subtotal is not None:
            fields.parse_amount("minSubtotal", self.min_subtotal, self.currency)
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError("endsAt: expected after startsAt")
        for name, limit in (
            ("usageLimit", self.usage_limit),
            ("usageLimitPerCustomer", self.usage_limit_per_customer),
        ):
            if limit is not None and self.code is None:
                raise ValueError(f"{name}: expected with a code only")
        if self.first_order_only and self.code is None:
            raise ValueError("firstOrderOnly: expected with a code only")


class PromotionPatch(Schema):
    """Changes of a promotion. Fields that are left out stay as they are."""

    name: str | UnsetType = UNSET
    percent: Decimal | UnsetType = UNSET
    amount: Decimal | UnsetType = UNSET
    buy_qty: Pieces | UnsetType = UNSET
    get_qty: Pieces | UnsetType = UNSET
    product_ids: Products | UnsetType = UNSET
    categories: Categories | UnsetType = UNSET
    min_subtotal: Decimal | UnsetType | None = UNSET
    first_order_only: bool | UnsetType = UNSET
    starts_at: Moment | UnsetType | None = UNSET
    ends_at: Moment | UnsetType | None = UNSET
    usage_limit: Uses | UnsetType | None = UNSET
    usage_limit_per_customer: Uses | UnsetType | None = UNSET


class PromotionView(NewPromotion, kw_only=True):
    """A promotion."""

    promotion_id: str

    @classmethod
    def of(cls, row: "models.PromotionRow") -> Self:
        """Return the promotion as staff write it."""
        return cls(
            promotion_id=row.id,
            name=row.name,
            effect=PromotionEffect(row.effect),
            code=row.code,
            percent=None if row.millionths is None else Decimal(row.millionths) / 10_000,
            amount=_decimal(row.amount_minor, row.currency),
            buy_qty=row.buy_qty,
            get_qty=row.get_qty,
            currency=row.currency,
            product_ids=list(row.product_ids),
            categories=list(row.categories),
            min_subtotal=_decimal(row.min_subtotal_minor, row.currency),
            first_order_only=row.first_order_only,
            starts_at=_moment(row.starts_at),
            ends_at=_moment(row.ends_at),
            usage_limit=row.usage_limit,
            usage_limit_per_customer=row.usage_limit_per_customer,
        )


def parse_code(code: str) -> str:
    """Return a coupon's code in capitals. Raises: ValueError."""
    normalized = code.strip().upper()
    if not _CODE.fullmatch(normalized):
        raise ValueError("code: expected 3 to 40 letters, digits and dashes")
    return normalized


def _require(field: str, value: object, is_needed: bool) -> None:
    if (value is not None) != is_needed:
        raise ValueError(f"{field}: expected {'one' if is_needed else 'none'} with this effect")


def _decimal(minor_units: int | None, currency: str) -> Decimal | None:
    return None if minor_units is None else money.decimal(minor_units, currency)


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored).astimezone(UTC)
