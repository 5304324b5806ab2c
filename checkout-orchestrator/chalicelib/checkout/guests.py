"""Checkouts of guests, who have a cart and no account, and their orders.

Two secrets open something here: that of the cart orders it, and an order's token opens this order.
"""

import hmac

from chalicelib.checkout import order_service, service, status
from chalicelib.checkout.errors import (
    CANCEL_ERRORS,
    CartNotFound,
    GuestCartMerged,
    GuestCartMissing,
    OrderNotFound,
)
from chalicelib.checkout.headers import GUEST_CART
from chalicelib.checkout.schemas import (
    GuestCheckoutAccepted,
    GuestCheckoutRequest,
    GuestOrder,
    GuestOrderLine,
    GuestParcel,
)
from chalicelib.checkout.service import Buyer
from chalicelib.readmodels.carts import MERGED, GuestCart, guest_cart_key
from chalicelib.readmodels.orders import Order, OrderLine, OrderShipment, find_order
from common import clock, ids, money


def check_out(
    secret: str | None, request: GuestCheckoutRequest, key: str | None, source: str
) -> GuestCheckoutAccepted:
    """Order the cart that the secret opens, or pay an order of it, and start its saga.

    Idempotent as `service.start_checkout`; a repeat gets the same token.

    Raises: GuestCartMissing, CartNotFound, GuestCartMerged, and what `start_checkout` raises.
    """
    if not secret:
        raise GuestCartMissing(
            f"{GUEST_CART.name}: expected the guestCart that POST /cart/guest gave"
        )
    buyer = Buyer(ids.owner_of_guest_cart(secret), source)
    cart = guest_cart_key(buyer.user_id)
    reader = service.read_inputs(buyer, request, cart)
    _require_open(reader.find(cart))
    order = service.start_checkout(buyer, request, key, reader)
    return GuestCheckoutAccepted(**service.describe(order), order_token=order.order_token or "")


def get_order(order_id: str, token: str | None) -> GuestOrder:
    """Return the order that the token opens. Raises: OrderNotFound."""
    order = _get_opened(order_id, token)
    return GuestOrder(
        **status.describe(order, is_customers=True),
        order_number=order.shown_number,
        created_at=order.created_at,
        items=_lines(order.lines, order.currency),
        cancelled_at=order.cancelled_at,
        shipments=[_parcel(one, order.currency) for one in order.shipments or []] or None,
    )


def cancel_order(order_id: str, token: str | None) -> GuestOrder:
    """Cancel the order that the token opens, unless something of it was shipped.

    Idempotent. Not undone. Raises: OrderNotFound, OrderServiceUnavailable, and what cancel-order
    raises.
    """
    order = _get_opened(order_id, token)
    order_service.call("cancel-order", {"orderId": order.order_id}, CANCEL_ERRORS)
    return get_order(order.order_id, token)


def _require_open(cart: GuestCart | None) -> None:
    """Raises: CartNotFound, GuestCartMerged."""
    if cart is None or cart.expires_at <= clock.epoch():
        raise CartNotFound("there is no such guest cart, or it has expired")
    if cart.status == MERGED:
        raise GuestCartMerged("this cart went to the account that logged in")


def _get_opened(order_id: str, token: str | None) -> Order:
    """Return the order of this token.

    Raises: OrderNotFound, the same for every cause: it must not tell which orders there are.
    """
    order = find_order(ids.parse("ORDER", order_id))
    if order is None or not _opens(token or "", order):
        raise OrderNotFound("there is no such order, or this token does not open it")
    return order


def _opens(token: str, order: Order) -> bool:
    """Whether this is the order's token. Nothing opens an order without one."""
    expected = order.order_token
    return expected is not None and hmac.compare_digest(token.encode(), expected.encode())


def _lines(lines: list[OrderLine], currency: str) -> list[GuestOrderLine]:
    return [
        GuestOrderLine(
            product_id=line.product_id,
            name=line.name,
            qty=line.qty,
            line_total=None
            if line.line_total_minor is None
            else money.decimal(line.line_total_minor, currency),
        )
        for line in lines
    ]


def _parcel(shipment: OrderShipment, currency: str) -> GuestParcel:
    return GuestParcel(
        shipment_id=shipment.shipment_id or "",
        status=shipment.status or "",
        carrier=shipment.carrier or "",
        tracking_number=shipment.tracking_number,
        tracking_url=shipment.tracking_url,
        items=_lines(shipment.lines, currency),
    )
