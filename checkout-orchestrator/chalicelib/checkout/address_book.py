"""An address of the address book in place of one that is written out."""

import msgspec

from chalicelib.checkout.errors import AddressNotFound
from chalicelib.checkout.schemas import CheckoutRequest
from chalicelib.readmodels.addresses import BookAddress
from common import ids
from common.addresses import check_stored
from common.batch_reads import BatchReader, Key


def keys(request: CheckoutRequest, user_id: str) -> list[Key[BookAddress]]:
    """Return the key of the address that the request names, if any.

    Raises: InvalidId.
    """
    if request.address_id is None:
        return []
    return [Key(BookAddress, user_id, ids.parse("ADDR", request.address_id))]


def fill_in(request: CheckoutRequest, user_id: str, reader: BatchReader) -> CheckoutRequest:
    """Return the request with the address that it names in this customer's book.

    The order's id follows from the address, not from its id: the customer may change it.

    Raises: AddressNotFound, also for one of another customer's; InvalidBody if the rules of its
    country have changed since it was stored.
    """
    if request.address_id is None:
        return request
    stored = next(iter(reader.find_all(keys(request, user_id))), None)
    if stored is None:
        raise AddressNotFound(f"addressId: your address book has no address {request.address_id}")
    address = check_stored("addressId", stored)
    return msgspec.structs.replace(request, address_id=None, shipping_address=address)
