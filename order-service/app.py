"""Every way into the order service."""

from typing import Any

from chalice import Response
from chalice.app import DynamoDBEvent, SQSEvent
from msgspec import to_builtins

from chalicelib.orders.schemas import (
    ConfirmOrder,
    CreateOrder,
    FailOrder,
    OrdersQuery,
    OrderView,
    RefundOrder,
    ValidateOrder,
)
from common import auth, events, http, lazy_imports, queues, step_input, streams

with lazy_imports.until_first_use():
    from chalicelib.orders import listing, outbox, refunds, service

app = http.create_app("order-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/order", methods=["POST"], authorizer=authorizer)
def create_order() -> Response:
    """Order goods; the checkout starts by itself."""
    request = http.body(app, CreateOrder)
    user_id = auth.acting_for(auth.caller(app), request.user_id)
    return http.created(service.create_order(user_id, request, http.idempotency_key(app)))


@app.route("/order/{order_id}", methods=["GET"], authorizer=authorizer)
def get_order(order_id: str) -> OrderView:
    """One order, for its customer and admins."""
    return service.get_order(order_id, auth.caller(app))


@app.route("/orders", methods=["GET"], authorizer=authorizer)
def list_orders() -> Response:
    """The caller's orders, newest first; for an admin any customer's, by ?userId=."""
    query = http.query(app, OrdersQuery)
    user_id = auth.acting_for(auth.caller(app), query.user_id)
    orders, next_key = listing.list_orders(user_id, query, http.decode_cursor(query.cursor))
    return http.page(orders, http.encode_cursor(next_key))


@app.route("/order/{order_id}/cancel", methods=["POST"], authorizer=authorizer)
def cancel_order(order_id: str) -> OrderView:
    """Cancel an order that is not paid."""
    return service.cancel_order(order_id, auth.caller(app))


@app.route("/order/{order_id}/refund", methods=["POST"], authorizer=authorizer)
def refund_order(order_id: str) -> Response:
    """Request a refund of a paid order, or of some of its goods."""
    request = http.body(app, RefundOrder)
    key = http.idempotency_key(app)
    return http.accepted(refunds.request_refund(order_id, auth.caller(app), request, key))


@app.lambda_function(name="validate-order")
def validate_order(event: Any, context: Any) -> Any:
    """Saga step ValidateOrder, undone by fail-order. POST /checkout places its orders with it."""
    return to_builtins(service.validate_order(step_input.parse(ValidateOrder, event)))


@app.lambda_function(name="create-order-record")
def create_order_record(event: Any, context: Any) -> Any:
    """Saga step CreateOrderRecord: confirm the paid order. The saga's point of no return."""
    return to_builtins(service.confirm_order(step_input.parse(ConfirmOrder, event)))


@app.lambda_function(name="fail-order")
def fail_order(event: Any, context: Any) -> Any:
    """Saga step FailOrder: undo validate-order, and settle a lost answer of create-order-record."""
    return to_builtins(service.fail_order(step_input.parse(FailOrder, event)))


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
    """Complete refunds that the payment gateway has paid out."""
    queues.consume(
        event,
        lambda message: refunds.complete_refund(events.parse(events.PaymentRefunded, message)),
    )
