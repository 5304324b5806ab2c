"""The bodies of a return."""

from typing import Annotated

from msgspec import Meta

from chalicelib.orders.schemas import MAX_LINES, ProductQuantity
from common import settings, text
from common.schemas import Schema

MAX_NOTE_LENGTH = 500
_REASONS = "DAMAGED WRONG_ITEM NOT_AS_DESCRIBED NO_LONGER_WANTED OTHER"


class ReturnItem(ProductQuantity, kw_only=True):
    """How many of a product to return, and why."""

    reason: Annotated[
        str,
        Meta(
            description="One of the shop's reasons: DAMAGED, WRONG_ITEM, NOT_AS_DESCRIBED,"
            " NO_LONGER_WANTED or OTHER, unless it has set others."
        ),
    ]

    def __post_init__(self) -> None:
        reasons = settings.text("RETURN_REASONS", _REASONS).split()
        if self.reason not in reasons:
            raise ValueError(f"reason: expected one of {', '.join(reasons)}")


class NewReturn(Schema, kw_only=True):
    """What a customer wants to return."""

    items: Annotated[list[ReturnItem], Meta(min_length=1, max_length=MAX_LINES)]


class ReceivedItem(ProductQuantity, kw_only=True):
    """How many of a product came back."""

    restock: Annotated[bool, Meta(description="Whether they can be sold again, as inspected.")]


class ReceiveReturn(Schema, kw_only=True):
    """What of a return came back."""

    items: Annotated[list[ReceivedItem], Meta(min_length=1, max_length=2 * MAX_LINES)]
    shipping: Annotated[
        bool, Meta(description="Whether what was paid for shipping is refunded, too.")
    ] = False


class ReturnDecision(Schema, kw_only=True):
    """What the customer is told with the decision."""

    note: Annotated[
        str | None, Meta(description="A text to the customer: at most 500 characters.")
    ] = None

    def __post_init__(self) -> None:
        if self.note is not None:
            self.note = text.parse_paragraphs("note", self.note, MAX_NOTE_LENGTH) or None
