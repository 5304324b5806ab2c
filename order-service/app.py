"""Every way into the order service."""

from msgspec import to_builtins

from chalicelib.orders.schemas import (
    ConfirmOrder,
    CreateOrder,
    FailOrder,
    OrdersQuery,
    RefundOrder,
    ValidateOrder,
)
from common import auth, events, http, lazy_imports, queues, step_input, streams

with lazy_imports.until_first_use():
    from chalicelib.orders import announcements, refunds, service

app = http.create_app("order-service")
authorizer = auth.jwt_authorizer(app)


@app.route("/order", methods=["POST"], authorizer=authorizer)
def create_order():
    """Order goods; the checkout hears of it and begins."""
    wanted = http.body(app, CreateOrder)
    user_id = auth.acting_for(auth.caller(app), wanted.user_id)
    return http.created(service.create_order(user_id, wanted, http.idempotency_key(app)))


@app.route("/order/{order_id}", methods=["GET"], authorizer=authorizer)
def get_order(order_id):
    """One order, for whoever ordered it and for admins."""
    return service.get_order(order_id, auth.caller(app))


@app.route("/orders", methods=["GET"], authorizer=authorizer)
def list_orders():
    """The caller's orders, newest first; for an admin anybody's, by ?userId=."""
    wanted = http.query(app, OrdersQuery)
    user_id = auth.acting_for(auth.caller(app), wanted.user_id)
    orders, following = service.list_orders(user_id, wanted, http.decode_cursor(wanted.cursor))
    return http.page(orders, http.encode_cursor(following))


@app.route("/order/{order_id}/cancel", methods=["POST"], authorizer=authorizer)
def cancel_order(order_id):
    """Take back an order that is not confirmed."""
    return service.cancel_order(order_id, auth.caller(app))


@app.route("/order/{order_id}/refund", methods=["POST"], authorizer=authorizer)
def refund_order(order_id):
    """Ask for the price of a paid order, or of some of its goods."""
    wanted = http.body(app, RefundOrder)
    return http.accepted(
        refunds.request_refund(order_id, auth.caller(app), wanted, http.idempotency_key(app))
    )


@app.lambda_function(name="validate-order")
def validate_order(event, context):
    """Saga step ValidateOrder; undone by fail-order. POST /checkout calls it too, to place its order."""
    return to_builtins(service.validate_order(step_input.parse(ValidateOrder, event)))


@app.lambda_function(name="create-order-record")
def create_order_record(event, context):
    """Saga step CreateOrderRecord: the paid order is CONFIRMED. Not undone: it is the saga's point of no return."""
    return to_builtins(service.confirm_order(step_input.parse(ConfirmOrder, event)))


@app.lambda_function(name="fail-order")
def fail_order(event, context):
    """Saga step FailOrder; undoes validate-order, and arbitrates where the answer of create-order-record got lost."""
    return to_builtins(service.fail_order(step_input.parse(FailOrder, event)))


@app.on_sqs_message(queue="order-fail-queue", batch_size=10, name="on-fail-order")
def on_fail_order(event):
    """What fail-order could not do when the saga asked; each message is that step's input."""
    queues.consume(event, lambda message: service.fail_order(step_input.parse(FailOrder, message)))


# TRIM_HORIZON: an event source that is made anew must not skip orders; those announced already are the same events again.
@app.on_dynamodb_record(
    stream_arn=streams.arn("Orders"),
    batch_size=10,
    starting_position="TRIM_HORIZON",
    name="announce-orders",
)
def announce_orders(event):
    """Tell the bus what happened to orders."""
    streams.consume(event, announcements.announce, on_failure_queue="announce-orders-queue")


@app.on_sqs_message(queue="announce-orders-queue", batch_size=10, name="on-parked-order")
def on_parked_order(event):
    """Tell the bus what announce-orders could not."""
    queues.consume(event, lambda record: announcements.announce(streams.read(record)))


@app.on_sqs_message(queue="payment-refunded-queue", batch_size=10, name="on-payment-refunded")
def on_payment_refunded(event):
    """The price of a refund was given back."""
    queues.consume(
        event,
        lambda message: refunds.complete_refund(events.parse(events.PaymentRefunded, message)),
    )
