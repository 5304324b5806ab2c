"""Every way into the order service."""

from chalice.app import DynamoDBEvent, SQSEvent

from chalicelib.address_changes.errors import AddressChangesPrice, TooManyAddressChanges
from chalicelib.address_changes.schemas import ShippingAddressChange
from chalicelib.history.schemas import HistoryEntry
from chalicelib.invoices.errors import InvoiceNotFound
from chalicelib.invoices.schemas import InvoiceView
from chalicelib.notes.errors import TooManyNotes
from chalicelib.notes.schemas import NewNote, NoteView
from chalicelib.orders.errors import (
    AccountGone,
    AddressNotFound,
    CurrencyNotAccepted,
    IdempotencyKeyReused,
    MixedCurrencies,
    NothingToRefund,
    OrderAlreadyEnded,
    OrderAlreadyShipped,
    OrderContended,
    OrderDisputed,
    OrderNotFound,
    OrderNotRefundable,
    OutOfStock,
    PriceChanged,
    ProductNotFound,
    QuantityTooLarge,
    RefundTooLarge,
    ShippingAddressRequired,
    TooManyExpiredOrders,
    TooManyLines,
    TooManyRefunds,
    TooManyUnpaidOrders,
    TooManyUnpaidUnits,
    TotalTooLarge,
    TotalTooSmall,
)
from chalicelib.orders.return_views import ReturnView
from chalicelib.orders.schemas import (
    ConfirmOrder,
    CreateOrder,
    FailOrder,
    OrdersQuery,
    QuoteOrder,
    RefundOrder,
    ValidateOrder,
)
from chalicelib.orders.views import (
    CreatedOrder,
    OrderView,
    RefundAccepted,
    ShipmentView,
    StepResult,
    ValidOrder,
)
from chalicelib.price_settings import routes as price_settings
from chalicelib.promotions.errors import CouponNotApplicable, CouponNotFound, CouponOver
from chalicelib.quotes.schemas import QuoteView
from chalicelib.returns.errors import (
    NothingShipped,
    ReturnNotFound,
    ReturnPartTooLarge,
    ReturnStatusConflict,
    ReturnTooLarge,
    ReturnWindowOver,
    TooManyReturns,
)
from chalicelib.returns.schemas import NewReturn, ReceiveReturn, ReturnDecision
from chalicelib.shipments.errors import (
    NothingToShip,
    OrderNotShippable,
    ShipmentNotFound,
    ShipmentTooLarge,
    TooManyShipments,
)
from chalicelib.shipments.schemas import NewShipment
from chalicelib.shipping.errors import ShippingMethodNotAvailable
from common import auth, events, ids, lazy_imports, money, queues, step_input, streams
from common.api import Api, Request
from common.pages import InvalidCursor, Page
from common.roles import Scope
from common.routes import Access

with lazy_imports.until_first_use():
    from chalicelib.address_changes import service as address_changes
    from chalicelib.history import service as history
    from chalicelib.invoices import service as invoices
    from chalicelib.notes import service as notes
    from chalicelib.orders import (
        listing,
        outbox,
        payment_events,
        quotations,
        refunds,
        service,
        shop_listing,
    )
    from chalicelib.returns import receiving
    from chalicelib.returns import service as returns
    from chalicelib.shipments import service as shipments
    from common import staff_acts

PRICE_ERRORS = (
    CouponNotFound,
    CouponOver,
    CouponNotApplicable,
    ShippingMethodNotAvailable,
)

api = Api("order-service", staff_acts="OrderStaffActs")
app, authorizer = api.app, api.authorizer
price_settings.declare(api)


@api.post(
    "/order",
    summary="Order products at today's prices",
    description="The checkout starts by itself. Nothing is reserved or charged yet.",
    body=CreateOrder,
    returns=CreatedOrder,
    status=201,
    on_behalf=Scope.ORDERS_WRITE,
    errors=[
        ids.InvalidId,
        money.InvalidAmount,
        TooManyLines,
        QuantityTooLarge,
        MixedCurrencies,
        TotalTooLarge,
        TotalTooSmall,
        CurrencyNotAccepted,
        TooManyUnpaidOrders,
        TooManyUnpaidUnits,
        TooManyExpiredOrders,
        OrderContended,
        auth.NotYours,
        AccountGone,
        AddressNotFound,
        ProductNotFound,
        OutOfStock,
        PriceChanged,
        IdempotencyKeyReused,
        ShippingAddressRequired,
        OrderContended,
        *PRICE_ERRORS,
    ],
    idempotency_key=True,
)
def create_order(request: Request[CreateOrder]) -> CreatedOrder:
    user_id = request.acting_for(request.body.user_id)
    return service.create_order(user_id, request.body, request.idempotency_key)


@api.post(
    "/order/quote",
    access=Access.PUBLIC,
    summary="Quote an order: prices, discounts, shipping, tax",
    description=(
        "Nothing is stored or reserved. A coupon for a first order is quoted to anybody; the"
        " order itself is refused to a customer who has one. `addressId` needs the customer's"
        " access token; nothing else does."
    ),
    body=QuoteOrder,
    returns=QuoteView,
    errors=[
        ids.InvalidId,
        TooManyLines,
        QuantityTooLarge,
        MixedCurrencies,
        TotalTooLarge,
        auth.InvalidToken,
        AddressNotFound,
        ProductNotFound,
        OutOfStock,
        *PRICE_ERRORS,
    ],
)
def quote_order(request: Request[QuoteOrder]) -> QuoteView:
    named = request.body.address_id is not None
    user_id = request.verified_caller.user_id if named else None
    return quotations.quote_order(request.body, user_id)


@api.get(
    "/order/{order_id}",
    summary="Get one order",
    description="For its customer and staff.",
    returns=OrderView,
    on_behalf=Scope.ORDERS_READ,
    errors=[OrderNotFound],
)
def get_order(request: Request[None], order_id: str) -> OrderView:
    return service.get_order(order_id, request.caller)


@api.get(
    "/orders",
    summary="List orders, newest first",
    description=(
        "A new order or status may show a moment later. Staff list all orders of the shop with"
        " `view=all`, of the last 31 days or those named; a page of one status may be short, and"
        " the list ends where there is no `X-Next-Cursor`."
    ),
    query=OrdersQuery,
    returns=Page[OrderView],
    on_behalf=Scope.ORDERS_READ,
    errors=[InvalidCursor, ids.InvalidId, auth.NotYours, auth.InsufficientScope],
)
def list_orders(request: Request[OrdersQuery]) -> Page[OrderView]:
    if request.query.view == "all":
        auth.require_scope(request.caller, Scope.ORDERS_READ)
        return shop_listing.list_shop_orders(request.query)
    user_id = request.acting_for(request.query.user_id)
    return listing.list_orders(user_id, request.query)


@api.post(
    "/order/{order_id}/cancel",
    summary="Cancel an order of which nothing was shipped",
    description=(
        "An unpaid order is CANCELLED. A paid one is CANCELLING, and REFUNDED once its money is"
        " back; `refunds` shows how far that is. Repeating it changes nothing."
    ),
    returns=OrderView,
    on_behalf=Scope.ORDERS_WRITE,
    errors=[
        auth.InsufficientScope,
        OrderNotFound,
        OrderAlreadyEnded,
        OrderAlreadyShipped,
        OrderDisputed,
        OrderContended,
    ],
)
def cancel_order(request: Request[None], order_id: str) -> OrderView:
    return service.cancel_order(order_id, request.caller)


@api.patch(
    "/order/{order_id}/shipping-address",
    summary="Send an order to another address",
    description=(
        "While nothing of it was shipped, and to where shipping and tax are the same. Repeating it"
        " changes nothing."
    ),
    body=ShippingAddressChange,
    returns=OrderView,
    on_behalf=Scope.ORDERS_WRITE,
    errors=[
        auth.InsufficientScope,
        OrderNotFound,
        AddressNotFound,
        OrderAlreadyEnded,
        OrderAlreadyShipped,
        AddressChangesPrice,
        TooManyAddressChanges,
        OrderContended,
    ],
)
def change_shipping_address(request: Request[ShippingAddressChange], order_id: str) -> OrderView:
    return address_changes.change_address(order_id, request.caller, request.body)


@api.post(
    "/order/{order_id}/refund",
    scope=Scope.REFUNDS_WRITE,
    summary="Request a refund of a paid order, of some of its goods, or of an amount",
    description=(
        "Without `items`, `amount` and `shipping` all that is left is refunded, and a repeat gets"
        " the existing refund. Parts need an `Idempotency-Key`, because two equal refunds may both"
        " be meant. A refund is DONE once the gateway has made it."
    ),
    body=RefundOrder,
    returns=RefundAccepted,
    status=202,
    errors=[
        OrderNotFound,
        OrderNotRefundable,
        OrderDisputed,
        money.InvalidAmount,
        NothingToRefund,
        RefundTooLarge,
        TooManyRefunds,
        IdempotencyKeyReused,
        OrderContended,
    ],
    idempotency_key=True,
)
def refund_order(request: Request[RefundOrder], order_id: str) -> RefundAccepted:
    return refunds.request_refund(order_id, request.caller, request.body, request.idempotency_key)


@api.post(
    "/order/{order_id}/shipments",
    scope=Scope.SHIPMENTS_WRITE,
    summary="Ship goods of a paid order, all or a part",
    description=(
        "Without `items` all that is left is shipped. It needs an `Idempotency-Key`, because two"
        " equal parcels may both be meant. An order of which something was shipped cannot be"
        " cancelled any more, and of one that is being cancelled nothing is shipped."
    ),
    body=NewShipment,
    returns=ShipmentView,
    status=201,
    errors=[
        OrderNotFound,
        OrderNotShippable,
        NothingToShip,
        ShipmentTooLarge,
        TooManyShipments,
        IdempotencyKeyReused,
        OrderContended,
    ],
    idempotency_key=True,
)
def ship_order(request: Request[NewShipment], order_id: str) -> ShipmentView:
    key = request.required_idempotency_key
    return shipments.ship_order(order_id, request.caller, request.body, key)


@api.post(
    "/order/{order_id}/shipments/{shipment_id}/deliver",
    scope=Scope.SHIPMENTS_WRITE,
    summary="Note that a shipment was delivered",
    description="Repeating it changes nothing.",
    returns=ShipmentView,
    errors=[OrderNotFound, ShipmentNotFound, OrderContended],
)
def deliver_shipment(request: Request[None], order_id: str, shipment_id: str) -> ShipmentView:
    return shipments.deliver_shipment(order_id, shipment_id, request.caller)


@api.get(
    "/order/{order_id}/invoice",
    summary="Get the invoice of a paid order, and the credit notes of its refunds",
    description="For its customer and staff. The PDFs are at the addresses named.",
    returns=InvoiceView,
    on_behalf=Scope.ORDERS_READ,
    errors=[OrderNotFound, InvoiceNotFound],
)
def get_invoice(request: Request[None], order_id: str) -> InvoiceView:
    return invoices.get_invoice(order_id, request.caller)


@api.post(
    "/order/{order_id}/notes",
    scope=Scope.ORDERS_WRITE,
    summary="Note something about an order, for staff",
    description=(
        "`GET /order/{orderId}/history` shows it to staff, and nothing to the customer. It needs"
        " an `Idempotency-Key`."
    ),
    body=NewNote,
    returns=NoteView,
    status=201,
    errors=[OrderNotFound, TooManyNotes, IdempotencyKeyReused, OrderContended],
    idempotency_key=True,
)
def add_note(request: Request[NewNote], order_id: str) -> NoteView:
    key = request.required_idempotency_key
    return notes.add_note(order_id, request.caller, request.body, key)


@api.get(
    "/order/{order_id}/history",
    summary="List what happened to an order, the oldest first",
    description="Staff also see their notes, who acted, and addresses that were changed.",
    returns=list[HistoryEntry],
    on_behalf=Scope.ORDERS_READ,
    errors=[OrderNotFound],
)
def get_order_history(request: Request[None], order_id: str) -> list[HistoryEntry]:
    return history.get_history(order_id, request.caller)


@api.post(
    "/order/{order_id}/returns",
    summary="Ask to return shipped goods",
    description=(
        "For goods that arrived at most as many days ago as the shop takes returns, 30 by default;"
        " staff with `returns:write` ask for a customer. It needs an `Idempotency-Key`, because two"
        " equal returns may both be meant. The shop then approves or rejects it."
    ),
    body=NewReturn,
    returns=ReturnView,
    status=201,
    on_behalf=Scope.RETURNS_WRITE,
    errors=[
        auth.InsufficientScope,
        OrderNotFound,
        NothingShipped,
        ReturnTooLarge,
        ReturnWindowOver,
        TooManyReturns,
        IdempotencyKeyReused,
        OrderContended,
    ],
    idempotency_key=True,
)
def request_return(request: Request[NewReturn], order_id: str) -> ReturnView:
    key = request.required_idempotency_key
    return returns.request_return(order_id, request.caller, request.body, key)


@api.post(
    "/order/{order_id}/returns/{return_id}/approve",
    scope=Scope.RETURNS_WRITE,
    summary="Let the customer send goods back",
    description="Repeating it changes nothing. The note is mailed to the customer.",
    body=ReturnDecision,
    returns=ReturnView,
    errors=[OrderNotFound, ReturnNotFound, ReturnStatusConflict, OrderContended],
)
def approve_return(request: Request[ReturnDecision], order_id: str, return_id: str) -> ReturnView:
    return returns.approve_return(order_id, return_id, request.caller, request.body)


@api.post(
    "/order/{order_id}/returns/{return_id}/reject",
    scope=Scope.RETURNS_WRITE,
    summary="Refuse a return of which nothing came back",
    description=(
        "Its goods can be returned again. Repeating it changes nothing. The note is mailed to the"
        " customer."
    ),
    body=ReturnDecision,
    returns=ReturnView,
    errors=[OrderNotFound, ReturnNotFound, ReturnStatusConflict, OrderContended],
)
def reject_return(request: Request[ReturnDecision], order_id: str, return_id: str) -> ReturnView:
    return returns.reject_return(order_id, return_id, request.caller, request.body)


@api.post(
    "/order/{order_id}/returns/{return_id}/receive",
    scope=Scope.RETURNS_WRITE,
    summary="Note what came back of a return, and refund it",
    description=(
        "Of an approved return, all or a part: its goods are refunded at what was paid for them,"
        " never above what is left, and those with `restock` go back into stock. It needs an"
        " `Idempotency-Key`, because two equal parts may both have come back."
    ),
    body=ReceiveReturn,
    returns=ReturnView,
    errors=[
        OrderNotFound,
        ReturnNotFound,
        ReturnStatusConflict,
        ReturnPartTooLarge,
        OrderNotRefundable,
        OrderDisputed,
        NothingToRefund,
        RefundTooLarge,
        TooManyRefunds,
        IdempotencyKeyReused,
        OrderContended,
    ],
    idempotency_key=True,
)
def receive_return(request: Request[ReceiveReturn], order_id: str, return_id: str) -> ReturnView:
    key = request.required_idempotency_key
    return receiving.receive_return(order_id, return_id, request.caller, request.body, key)


@api.function("validate-order", takes=ValidateOrder, returns=ValidOrder)
def validate_order(step: ValidateOrder) -> ValidOrder:
    """Saga step ValidateOrder, undone by fail-order. Also called by POST /checkout."""
    return service.validate_order(step)


@api.function("create-order-record", takes=ConfirmOrder, returns=StepResult)
def create_order_record(step: ConfirmOrder) -> StepResult:
    """Saga step CreateOrderRecord: confirm the paid order. Not undone."""
    return service.confirm_order(step)


@api.function("fail-order", takes=FailOrder, returns=StepResult)
def fail_order(step: FailOrder) -> StepResult:
    """Saga step FailOrder: undo validate-order, or settle a lost confirmation."""
    return service.fail_order(step)


@app.on_sqs_message(queue="order-fail-queue", batch_size=10, name="on-fail-order")
def on_fail_order(event: SQSEvent) -> None:
    """Run fail-order for inputs that the saga had to queue."""
    queues.consume(event, lambda message: service.fail_order(step_input.parse(FailOrder, message)))


# TRIM_HORIZON: a new event source must not skip orders. Records that were published already
# publish the same events again.
@app.on_dynamodb_record(
    stream_arn=streams.arn("Orders"),
    batch_size=10,
    starting_position="TRIM_HORIZON",
    name="announce-orders",
)
def announce_orders(event: DynamoDBEvent) -> None:
    """Publish the events of changed orders."""
    streams.consume(event, outbox.publish_change, on_failure_queue="announce-orders-queue")


@app.on_sqs_message(queue="announce-orders-queue", batch_size=10, name="on-parked-order")
def on_parked_order(event: SQSEvent) -> None:
    """Publish the events of stream records that announce-orders could not."""
    queues.consume(event, lambda record: outbox.publish_change(streams.read(record)))


@app.on_sqs_message(queue="payment-refunded-queue", batch_size=10, name="on-payment-refunded")
def on_payment_refunded(event: SQSEvent) -> None:
    """Complete or fail refunds, as the payment gateway did."""
    queues.consume(event, payment_events.apply_event)


# A document after the other: they take their numbers from one row.
@app.on_sqs_message(queue="invoice-queue", batch_size=10, name="issue-invoice")
def issue_invoice(event: SQSEvent) -> None:
    """Issue the invoices of paid orders and the credit notes of refunds."""
    queues.consume(event, invoices.apply_event)


@app.on_dynamodb_record(
    stream_arn=streams.arn("OrderStaffActs"),
    batch_size=10,
    starting_position="TRIM_HORIZON",
    name="announce-staff-acts",
)
def announce_staff_acts(event: DynamoDBEvent) -> None:
    """Publish what staff changed."""
    streams.consume(event, staff_acts.publish, on_failure_queue="order-staff-acts-queue")


@app.on_sqs_message(queue="order-staff-acts-queue", batch_size=10, name="on-parked-staff-act")
def on_parked_staff_act(event: SQSEvent) -> None:
    """Publish what announce-staff-acts could not."""
    queues.consume(event, lambda record: staff_acts.publish(streams.read(record)))


@app.on_sqs_message(queue="account-deleted-order-queue", batch_size=1, name="on-account-deleted")
def on_account_deleted(event: SQSEvent) -> None:
    """Cancel what the customer of a deleted account has not paid."""
    queues.consume(
        event,
        lambda message: service.cancel_unpaid_orders(
            events.parse(events.AccountDeleted, message).user_id
        ),
    )
