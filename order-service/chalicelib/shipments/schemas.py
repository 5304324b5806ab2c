"""The body of a shipment."""

import re
from typing import Annotated

from msgspec import Meta

from chalicelib.orders.schemas import MAX_LINES, ProductQuantity
from common import text
from common.schemas import Schema

MAX_CARRIER_LENGTH = 100
MAX_TRACKING_NUMBER_LENGTH = 100
MAX_URL_LENGTH = 500
_URL = re.compile(r"https://[\w.-]+(:\d+)?(/[!-~]*)?", re.ASCII)


class NewShipment(Schema, kw_only=True):
    """What left the warehouse. Without items: all that is left."""

    items: Annotated[
        Annotated[list[ProductQuantity], Meta(min_length=1, max_length=MAX_LINES)] | None,
        Meta(description="The goods of the parcel: all that is left if left out."),
    ] = None
    carrier: Annotated[str, Meta(description="Who brings it: at most 100 characters.")]
    tracking_number: Annotated[
        str | None, Meta(description="The carrier's number: at most 100 characters.")
    ] = None
    tracking_url: Annotated[
        str | None, Meta(description="Where the customer follows it: https, at most 500 letters.")
    ] = None

    def __post_init__(self) -> None:
        self.carrier = text.parse_line("carrier", self.carrier, MAX_CARRIER_LENGTH)
        if self.tracking_number is not None:
            self.tracking_number = text.parse_line(
                "trackingNumber", self.tracking_number, MAX_TRACKING_NUMBER_LENGTH
            )
        if self.tracking_url is not None and not _is_url(self.tracking_url):
            raise ValueError(
                f"trackingUrl: expected an address such as https://carrier.example/1Z999,"
                f" of at most {MAX_URL_LENGTH} letters"
            )


def _is_url(value: str) -> bool:
    return len(value) <= MAX_URL_LENGTH and bool(_URL.fullmatch(value))
