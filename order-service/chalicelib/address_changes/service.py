"""Send an order to another address, while nothing of it was shipped.

The price was agreed for the old address: one where shipping or tax would differ is refused. The
write requires the version that was read, so that of a change and a shipment at the same moment the
second sees what the first left.
"""

from pynamodb.expressions.condition import Condition

from chalicelib.address_changes.errors import AddressChangesPrice, TooManyAddressChanges
from chalicelib.address_changes.schemas import ShippingAddressChange
from chalicelib.orders import address_book, lookups, readmodels, writes
from chalicelib.orders.addresses import AddressChange, AddressMap, address_fields
from chalicelib.orders.cancellation import IS_UNSHIPPED
from chalicelib.orders.errors import OrderAlreadyEnded, OrderAlreadyShipped
from chalicelib.orders.models import Order
from chalicelib.orders.refund_records import CONFLICT_RETRIES, contended
from chalicelib.orders.statuses import SHIPPABLE_STATUSES, FulfilmentStatus, OrderStatus
from chalicelib.orders.views import OrderView
from chalicelib.quotes import destinations
from chalicelib.quotes.discounts import STANDARD
from chalicelib.shipping.models import ShippingMethod
from common import clock, dynamodb
from common.addresses import Address, PostalAddress
from common.auth import Caller
from common.batch_reads import BatchReader
from common.roles import Scope

MAX_CHANGES = 20  # of one order: they are all in its row, which DynamoDB limits to 400 KB
_OPEN_STATUSES = {OrderStatus.CREATED, *SHIPPABLE_STATUSES}
_IS_CHANGEABLE: Condition = Order.status.is_in(*_OPEN_STATUSES) & IS_UNSHIPPED


def change_address(order_id: str, caller: Caller, request: ShippingAddressChange) -> OrderView:
    """Give an order another shipping address, at the same price.

    Publishes OrderAddressChanged. Idempotent: the address that it has changes nothing. Undone by
    changing it back.

    Raises: OrderNotFound, InsufficientScope as `lookups.get_for`; AddressNotFound,
    OrderAlreadyEnded, OrderAlreadyShipped, AddressChangesPrice, TooManyAddressChanges,
    OrderContended.
    """
    for _ in CONFLICT_RETRIES.attempts():
        order, reader = lookups.get_for(order_id, caller, Scope.ORDERS_WRITE), BatchReader()
        address = _requested_address(order, request, reader)
        present = order.shipping_address
        if present and address_fields(present) == address_fields(address):
            return OrderView.of(order)
        _validate_changeable(order)
        before = _require_same_price(order, address, reader)
        if _save(order, before, address, caller):
            return OrderView.of(order)
    raise contended(order_id)


def _requested_address(
    order: Order, request: ShippingAddressChange, reader: BatchReader
) -> Address:
    """Return the address of the request, one of the book of the order's customer."""
    if request.shipping_address is not None:
        return request.shipping_address
    return address_book.get_address(str(request.address_id), order.user_id, reader)


def _validate_changeable(order: Order) -> None:
    if order.status not in _OPEN_STATUSES:
        raise OrderAlreadyEnded(f"{order.order_id} is {order.status}: its address stays")
    if order.fulfilment_status not in (None, FulfilmentStatus.UNFULFILLED):
        raise OrderAlreadyShipped(
            f"{order.order_id} is {order.fulfilment_status}: its address stays"
        )
    if len(order.address_changes or []) >= MAX_CHANGES:
        raise TooManyAddressChanges(
            f"{order.order_id}: its address was changed {MAX_CHANGES} times"
        )


def _require_same_price(order: Order, address: Address, reader: BatchReader) -> AddressMap:
    """Return the present address. Raises: AddressChangesPrice."""
    before, shipping = order.shipping_address, order.shipping
    if before is None or shipping is None:
        raise AddressChangesPrice(
            "the order was placed without an address, and without shipping and tax:"
            " cancel it and order again"
        )
    products = reader.find_all(readmodels.product_keys(line.product_id for line in order.lines))
    method = dynamodb.find(ShippingMethod, shipping.method_id)
    classes = [product.tax_class or STANDARD for product in products]
    present = PostalAddress(**address_fields(before))
    if not destinations.costs_the_same(method, classes, present, address, reader):
        raise AddressChangesPrice(
            "shipping or tax would not be the same at this address: cancel the order and order"
            " again"
        )
    return before


def _save(order: Order, before: AddressMap, address: Address, caller: Caller) -> bool:
    """Write the address. False if the order changed since."""
    now = clock.now()
    change = AddressChange(changed_at=now, changed_by=caller.user_id, before=before)
    return writes.update_alone(
        order,
        [
            Order.shipping_address.set(AddressMap(**address_fields(address))),
            Order.address_changes.set([*(order.address_changes or []), change]),
            Order.updated_at.set(now),
        ],
        _IS_CHANGEABLE,
        add_version_condition=True,
    )
