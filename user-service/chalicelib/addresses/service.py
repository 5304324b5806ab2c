"""The address book of a customer: list, add, change and remove addresses.

Each change is one transaction on the address and the row of the book, whose version it requires.
Of concurrent changes one succeeds, and the others start again from what it wrote.
"""

import hashlib
from typing import Any

import msgspec
from msgspec import UnsetType
from msgspec.structs import fields

from chalicelib.addresses.errors import (
    MAX_ADDRESSES,
    AddressBookContended,
    AddressKeyReused,
    AddressNotFound,
    TooManyAddresses,
)
from chalicelib.addresses.models import BOOK, AddressBook, StoredAddress
from chalicelib.addresses.schemas import AddressDeleted, AddressPatch, AddressView, NewAddress
from common import clock, dynamodb, ids, transactions
from common.addresses import PostalAddress
from common.retry import RetryPolicy

_CONFLICTS = RetryPolicy(tries=10, pause_seconds=0.01, max_pause_seconds=0.1)
Flag = bool | UnsetType
_FIELDS = [field.name for field in fields(PostalAddress)]


def list_addresses(user_id: str) -> list[AddressView]:
    """Return all addresses of the customer, the oldest first. Strongly consistent."""
    book = _get_book(user_id)
    rows = StoredAddress.query(user_id, StoredAddress.address_id < BOOK, consistent_read=True)
    return sorted((_view(row, book) for row in rows), key=lambda view: view.created_at)


def add_address(user_id: str, request: NewAddress, key: str | None) -> AddressView:
    """Add an address. Idempotent with a key. Undone by `remove_address`.

    Raises: TooManyAddresses, AddressKeyReused, AddressBookContended.
    """
    address = _new_address(user_id, request, key)
    for _ in _CONFLICTS.attempts():
        book = _get_book(user_id)
        if stored := dynamodb.find(StoredAddress, user_id, address.address_id):
            return _repeated(stored, address, book)
        if book.size >= MAX_ADDRESSES:
            raise TooManyAddresses(f"you have {MAX_ADDRESSES} addresses; remove one first")
        book.size += 1
        _set_defaults(book, address, request.is_default_shipping, request.is_default_billing)
        if _write(book, transactions.put(address, StoredAddress.address_id.does_not_exist())):
            return _view(address, book)
    raise _contended()


def change_address(user_id: str, address_id: str, patch: AddressPatch) -> AddressView:
    """Change fields of an address, and whether it is a default. Idempotent.

    Raises: AddressNotFound, InvalidBody, AddressBookContended.
    """
    address_id = ids.parse("ADDR", address_id)
    for _ in _CONFLICTS.attempts():
        book = _get_book(user_id)
        address = dynamodb.find(StoredAddress, user_id, address_id)
        if address is None:
            raise AddressNotFound(f"you have no address {address_id}")
        changed = patch.apply(_fields_of(address))
        for name in _FIELDS:
            setattr(address, name, getattr(changed, name))
        _set_defaults(book, address, patch.is_default_shipping, patch.is_default_billing)
        if _write(book, transactions.put(address)):
            return _view(address, book)
    raise _contended()


def remove_address(user_id: str, address_id: str) -> AddressDeleted:
    """Remove an address, also as a default. Idempotent.

    Orders keep their copies.

    Raises: AddressBookContended.
    """
    address_id = ids.parse("ADDR", address_id)
    for _ in _CONFLICTS.attempts():
        book = _get_book(user_id)
        address = dynamodb.find(StoredAddress, user_id, address_id)
        if address is None:
            return AddressDeleted(message="Address deleted", address_id=address_id)
        book.size -= 1
        _set_defaults(book, address, is_shipping=False, is_billing=False)
        if _write(book, transactions.delete(address, StoredAddress.address_id.exists())):
            continue  # and find that it is gone
    raise _contended()


def delete_all(user_id: str) -> None:
    """Erase the address book of a deleted account. Idempotent."""
    for row in AddressBook.query(user_id, consistent_read=True):
        row.delete(add_version_condition=False)


def _new_address(user_id: str, request: NewAddress, key: str | None) -> StoredAddress:
    return StoredAddress(
        user_id,
        ids.deterministic("ADDR", user_id, key) if key else ids.new("ADDR"),
        **{name: getattr(request, name) for name in _FIELDS},
        request_hash=hashlib.sha256(msgspec.json.encode(request)).hexdigest(),
        created_at=clock.now(),
    )


def _repeated(stored: StoredAddress, address: StoredAddress, book: AddressBook) -> AddressView:
    """Return the address that the same request has stored. Raises: AddressKeyReused."""
    if stored.request_hash != address.request_hash:
        raise AddressKeyReused("Idempotency-Key: used before, with another body")
    return _view(stored, book)


def _get_book(user_id: str) -> AddressBook:
    return dynamodb.find(AddressBook, user_id, BOOK) or AddressBook(user_id, BOOK)


def _set_defaults(
    book: AddressBook, address: StoredAddress, is_shipping: Flag, is_billing: Flag
) -> None:
    """Make the address a default or none. UNSET leaves it as it is."""
    for name, value in (("shipping_id", is_shipping), ("billing_id", is_billing)):
        if value is True:
            setattr(book, name, address.address_id)
        elif value is False and getattr(book, name) == address.address_id:
            setattr(book, name, None)


def _write(book: AddressBook, operation: transactions.Operation) -> bool:
    """Write both. False if the book, or the address, is not as it was read."""
    try:
        transactions.write(operation, transactions.put(book))
    except (transactions.TransactionCancelled, transactions.TransactionContended):
        return False
    return True


def _view(address: StoredAddress, book: AddressBook) -> AddressView:
    return AddressView(
        **_fields_of(address),
        address_id=address.address_id,
        created_at=address.created_at,
        is_default_shipping=address.address_id == book.shipping_id,
        is_default_billing=address.address_id == book.billing_id,
    )


def _fields_of(address: StoredAddress) -> dict[str, Any]:
    return {name: getattr(address, name) for name in _FIELDS}


def _contended() -> AddressBookContended:
    return AddressBookContended("too many changes of your addresses at once; try again in a moment")
