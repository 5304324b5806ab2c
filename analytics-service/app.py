"""Every way into the analytics service."""

from chalice import Response
from chalice.app import DynamoDBEvent, SQSEvent

from chalicelib.analytics.schemas import DayReport, EventQuery, ReportQuery
from common import auth, http, lazy_imports, queues, streams

with lazy_imports.until_first_use():
    from chalicelib.analytics import service

app = http.create_app("analytics-service")
authorizer = auth.jwt_authorizer(app)

ON_FAILURE_QUEUE = "analytics-queue"


@app.route("/analytics/events", methods=["GET"], authorizer=authorizer)
def get_events() -> Response:
    """The event log, newest first; for admins."""
    auth.require_admin(auth.caller(app))
    events, cursor = service.list_events(http.query(app, EventQuery))
    return http.page(events, cursor)


@app.route("/analytics/reports", methods=["GET"], authorizer=authorizer)
def get_reports() -> list[DayReport]:
    """The report of each day, oldest first; for admins."""
    auth.require_admin(auth.caller(app))
    return service.list_reports(http.query(app, ReportQuery))


# TRIM_HORIZON: a new event source must not skip changes. Recorded events are known by their ids.
@app.on_dynamodb_record(
    stream_arn=streams.arn("Orders"),
    batch_size=25,
    starting_position="TRIM_HORIZON",
    name="on-orders-stream",
)
def on_orders_stream(event: DynamoDBEvent) -> None:
    """Record new orders and their changes of status."""
    streams.consume(event, service.record_change, on_failure_queue=ON_FAILURE_QUEUE)


@app.on_dynamodb_record(
    stream_arn=streams.arn("Payments"),
    batch_size=25,
    starting_position="TRIM_HORIZON",
    name="on-payments-stream",
)
def on_payments_stream(event: DynamoDBEvent) -> None:
    """Record new payments and their changes of status."""
    streams.consume(event, service.record_change, on_failure_queue=ON_FAILURE_QUEUE)


@app.on_dynamodb_record(
    stream_arn=streams.arn("Inventory"),
    batch_size=25,
    starting_position="TRIM_HORIZON",
    name="on-inventory-stream",
)
def on_inventory_stream(event: DynamoDBEvent) -> None:
    """Record changes of stock."""
    streams.consume(event, service.record_change, on_failure_queue=ON_FAILURE_QUEUE)


@app.on_sqs_message(queue="analytics-queue", batch_size=10, name="on-analytics-queue")
def on_analytics_queue(event: SQSEvent) -> None:
    """Record messages of other services and parked stream records."""
    queues.consume(event, service.record_message)


@app.on_sqs_message(queue="order-done-analytics-queue", batch_size=10, name="on-order-done")
def on_order_done(event: SQSEvent) -> None:
    """Record purchases."""
    queues.consume(event, service.record_order_done)
