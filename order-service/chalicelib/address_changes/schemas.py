"""The body of a change of the shipping address."""

from typing import Annotated

from msgspec import Meta

from common.addresses import Address
from common.schemas import Schema


class ShippingAddressChange(Schema):
    """Where the order is to be sent instead: one of both fields."""

    shipping_address: Address | None = None
    address_id: Annotated[
        Annotated[str, Meta(max_length=100)] | None,
        Meta(description="One of the customer's address book, instead of `shippingAddress`."),
    ] = None

    def __post_init__(self) -> None:
        if (self.shipping_address is None) == (self.address_id is None):
            raise ValueError("shippingAddress: expected it or addressId, one of both")
