"""Every way into the analytics service."""

from chalicelib.analytics.schemas import EventQuery, ReportQuery
from common import auth, http, lazy_imports, queues, streams

with lazy_imports.until_first_use():
    from chalicelib.analytics import service

app = http.create_app("analytics-service")
authorizer = auth.jwt_authorizer(app)

ON_FAILURE_QUEUE = "analytics-queue"


@app.route("/analytics/events", methods=["GET"], authorizer=authorizer)
def get_events():
    """What happened in the shop, newest first; for admins."""
    auth.require_admin(auth.caller(app))
    return http.page(*service.events(http.query(app, EventQuery)))


@app.route("/analytics/reports", methods=["GET"], authorizer=authorizer)
def get_reports():
    """What each day added up to, oldest first; for admins."""
    auth.require_admin(auth.caller(app))
    return service.reports(http.query(app, ReportQuery))


# TRIM_HORIZON: an event source that is made anew must not skip what happened meanwhile; what was recorded is known by its id.
@app.on_dynamodb_record(
    stream_arn=streams.arn("Orders"),
    batch_size=25,
    starting_position="TRIM_HORIZON",
    name="on-orders-stream",
)
def on_orders_stream(event):
    """An order was created, or got another status."""
    streams.consume(event, service.record_change, on_failure_queue=ON_FAILURE_QUEUE)


@app.on_dynamodb_record(
    stream_arn=streams.arn("Payments"),
    batch_size=25,
    starting_position="TRIM_HORIZON",
    name="on-payments-stream",
)
def on_payments_stream(event):
    """A payment was started, or got another status."""
    streams.consume(event, service.record_change, on_failure_queue=ON_FAILURE_QUEUE)


@app.on_dynamodb_record(
    stream_arn=streams.arn("Inventory"),
    batch_size=25,
    starting_position="TRIM_HORIZON",
    name="on-inventory-stream",
)
def on_inventory_stream(event):
    """A product's stock changed."""
    streams.consume(event, service.record_change, on_failure_queue=ON_FAILURE_QUEUE)


@app.on_sqs_message(queue="analytics-queue", batch_size=10, name="on-analytics-queue")
def on_analytics_queue(event):
    """Another service tells something, or a stream record that failed comes again."""
    queues.consume(event, service.record_message)


@app.on_sqs_message(queue="order-done-analytics-queue", batch_size=10, name="on-order-done")
def on_order_done(event):
    """An order was paid, deducted from stock and confirmed."""
    queues.consume(event, service.record_order_done)
