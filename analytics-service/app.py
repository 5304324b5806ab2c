"""Every way into the analytics service."""

from chalice.app import DynamoDBEvent, SQSEvent

from chalicelib.analytics.errors import PeriodInvalid
from chalicelib.analytics.schemas import DayReport, EventQuery, LoggedEvent, ReportQuery
from common import ids, lazy_imports, queues, streams
from common.api import Api, Request
from common.pages import InvalidCursor, Page
from common.roles import Scope

with lazy_imports.until_first_use():
    from chalicelib.analytics import service

api = Api("analytics-service")
app, authorizer = api.app, api.authorizer

ON_FAILURE_QUEUE = "analytics-queue"


@api.get(
    "/analytics/events",
    scope=Scope.EVENTS_READ,
    summary="List the shop's events, newest first",
    description=(
        "Without a user, a type or days: the events of the latest 92 days. Amounts of money in"
        " `metadata` are decimal numbers with their currency."
    ),
    query=EventQuery,
    returns=Page[LoggedEvent],
    errors=[PeriodInvalid, InvalidCursor, ids.InvalidId],
)
def list_events(request: Request[EventQuery]) -> Page[LoggedEvent]:
    return service.list_events(request.query)


@api.get(
    "/analytics/reports",
    scope=Scope.REPORTS_READ,
    summary="Get what each day added up to, oldest first",
    description="Today by default; days without events are included.",
    query=ReportQuery,
    returns=list[DayReport],
    errors=[PeriodInvalid],
)
def list_reports(request: Request[ReportQuery]) -> list[DayReport]:
    return service.list_reports(request.query)


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
