"""Bodies of requests and responses of the address book."""

from typing import Annotated, Any

from msgspec import UNSET, Meta, UnsetType
from msgspec.structs import asdict

from common.addresses import Address, PostalAddress
from common.schemas import InvalidBody, Schema

DefaultShipping = Annotated[bool, Meta(description="Whether orders are sent to it by default.")]
DefaultBilling = Annotated[bool, Meta(description="Whether it is on invoices by default.")]


class NewAddress(Address):
    """An address for the book. A default takes the place of the one before."""

    is_default_shipping: DefaultShipping = False
    is_default_billing: DefaultBilling = False


class AddressPatch(Schema):
    """The fields to change. Absent ones stay, null removes one."""

    name: str | UnsetType = UNSET
    company: str | UnsetType | None = UNSET
    line1: str | UnsetType = UNSET
    line2: str | UnsetType | None = UNSET
    city: str | UnsetType | None = UNSET
    region: str | UnsetType | None = UNSET
    postal_code: str | UnsetType | None = UNSET
    country: str | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    is_default_shipping: DefaultShipping | UnsetType = UNSET
    is_default_billing: DefaultBilling | UnsetType = UNSET

    def apply(self, stored: dict[str, Any]) -> Address:
        """Return the address with the changes, checked as a whole. Raises: InvalidBody."""
        changes = {name: value for name, value in asdict(self).items() if value is not UNSET}
        fields = {name: changes.get(name, stored[name]) for name in stored}
        try:
            return Address(**fields)
        except ValueError as exc:
            raise InvalidBody(str(exc)) from None


class AddressView(PostalAddress, kw_only=True):
    """An address of the book."""

    address_id: str
    created_at: str
    is_default_shipping: bool
    is_default_billing: bool


class AddressDeleted(Schema):
    """The address is not in the book any more."""

    message: str
    address_id: str
