"""Addresses of the address book in place of those that are written out."""

from typing import TypeVar

import msgspec

from chalicelib.orders.errors import AddressNotFound
from chalicelib.orders.readmodels import BookAddress
from chalicelib.quotes.schemas import PriceTerms
from common import ids
from common.addresses import Address, check_stored
from common.batch_reads import BatchReader, Key

Terms = TypeVar("Terms", bound=PriceTerms)


def keys(address_id: str | None, user_id: str) -> list[Key[BookAddress]]:
    """Return the key of an address in this customer's book. Raises: InvalidId."""
    return [] if address_id is None else [Key(BookAddress, user_id, ids.parse("ADDR", address_id))]


def fill_in(terms: Terms, user_id: str, reader: BatchReader) -> Terms:
    """Return the terms with the address that they name in this customer's book.

    Raises: InvalidId, AddressNotFound, and InvalidBody as `get_address`.
    """
    if terms.address_id is None:
        return terms
    address = get_address(terms.address_id, user_id, reader)
    return msgspec.structs.replace(terms, address_id=None, shipping_address=address)


def get_address(address_id: str, user_id: str, reader: BatchReader) -> Address:
    """Return an address of this customer's book.

    Raises: InvalidId; AddressNotFound, also for one of another customer's; InvalidBody if the
    rules of its country have changed since it was stored.
    """
    stored = next(iter(reader.find_all(keys(address_id, user_id))), None)
    if stored is None:
        raise AddressNotFound(f"addressId: the address book has no address {address_id}")
    return check_stored("addressId", stored)
