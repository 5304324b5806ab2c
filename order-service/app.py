"""Every way into the order service."""

from chalice.app import DynamoDBEvent, SQSEvent

from chalicelib.orders.errors import (
    AccountGone,
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
from chalicelib.orders.schemas import (
    CancelOrder,
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
    from chalicelib.orders import (
        guests,
        listing,
        outbox,
        payment_events,
        quotations,
        refunds,
        service,
        shop_listing,
    )
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
        " order itself is refused to a customer who has one."
    ),
    body=QuoteOrder,
    returns=QuoteView,
    errors=[
        ids.InvalidId,
        TooManyLines,
        QuantityTooLarge,
        MixedCurrencies,
        TotalTooLarge,
        ProductNotFound,
        OutOfStock,
        *PRICE_ERRORS,
    ],
)
def quote_order(request: Request[QuoteOrder]) -> QuoteView:
    return quotations.quote_order(request.body)


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
        " `view=all`, of the last 31 days or those named; a page of one `status` may be short, and"
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


@api.function("cancel-order", takes=CancelOrder, returns=StepResult)
def cancel_guests_order(step: CancelOrder) -> StepResult:
    """Cancel a guest's order. checkout-orchestrator has compared its token."""
    return service.cancel_guests_order(step)


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


@app.on_sqs_message(queue="address-proved-order-queue", batch_size=1, name="on-address-proved")
def on_address_proved(event: SQSEvent) -> None:
    """Give an account the guests' orders with its address."""
    queues.consume(
        event,
        lambda message: guests.join_orders(events.parse(events.AddressProved, message).user_id),
    )


@app.on_sqs_message(queue="account-deleted-order-queue", batch_size=1, name="on-account-deleted")
def on_account_deleted(event: SQSEvent) -> None:
    """Cancel what the customer of a deleted account has not paid."""
    queues.consume(
        event,
        lambda message: service.cancel_unpaid_orders(
            events.parse(events.AccountDeleted, message).user_id
        ),
    )
