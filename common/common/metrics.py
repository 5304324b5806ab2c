"""The registry of the shop's metrics, in the embedded metric format (EMF).

CloudWatch extracts metrics from the logs, so a request makes no call for them.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Each combination of dimensions is billed as a metric, so a dimension has few values: never an id.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = "Commerce"
# Every line has it: readers of EMF differ on whether a set of dimensions may be empty.
_SERVICE = "service"
COUNT, MILLISECONDS, NONE = "Count", "Milliseconds", "None"


@dataclass(frozen=True)
class Metric:
    """A metric. `service` None means every service, `by` is its dimension.

    Without `by`, and with `also_whole` in addition, CloudWatch keeps it by service: an alarm cannot
    sum over a dimension.
    """

    name: str
    service: str | None
    meaning: str
    by: str | None = None
    unit: str = COUNT
    also_whole: bool = False

    @property
    def dimensions(self) -> list[list[str]]:
        """The sets of dimensions under which CloudWatch keeps it."""
        dimensions = [[_SERVICE]]
        return (
            dimensions if self.by is None else [[self.by], *(dimensions if self.also_whole else [])]
        )


ORDERS_PLACED = Metric("OrdersPlaced", "order-service", "Orders stored as CREATED.")
ORDERS_CONFIRMED = Metric(
    "OrdersConfirmed", "order-service", "Orders that were paid and became CONFIRMED."
)
ORDERS_FAILED = Metric(
    "OrdersFailed",
    "order-service",
    "Orders that became FAILED: declined, out of stock, or an error of the shop.",
)
ORDERS_EXPIRED = Metric("OrdersExpired", "order-service", "Orders that were not paid in time.")
ORDERS_CANCELLED = Metric(
    "OrdersCancelled", "order-service", "Orders that their customers cancelled."
)
REVENUE = Metric(
    "Revenue",
    "order-service",
    "Totals of confirmed orders in minor units (cents), refunds not subtracted.",
    by="currency",
    unit=NONE,
)
CHECKOUT_DURATION = Metric(
    "CheckoutDuration",
    "order-service",
    "From an order's creation to its final status, waits for the customer included.",
    by="status",
    unit=MILLISECONDS,
)
RESERVATION_CONFLICTS = Metric(
    "ReservationConflicts",
    "product-service",
    "Reservations that failed: OutOfStock (another order was faster), StockContended (too many at"
    " once; the saga retries), ReservationEnded (released before it was made).",
    by="cause",
)
PAYMENTS_CAPTURED = Metric(
    "PaymentsCaptured", "checkout-orchestrator", "Payments that were captured."
)
PAYMENTS_DECLINED = Metric(
    "PaymentsDeclined",
    "checkout-orchestrator",
    "Payment attempts that were declined, by the shop's own reasons.",
    by="reason",
    also_whole=True,
)
REFUNDS = Metric(
    "Refunds",
    "checkout-orchestrator",
    "Refunds: RETURNED of a confirmed order, UNDONE with a failed checkout, or made by hand at the"
    " gateway's DASHBOARD.",
    by="cause",
)
DISPUTES = Metric(
    "Disputes",
    "checkout-orchestrator",
    "Chargebacks: OPEN when the customer's bank began one, then WON or LOST.",
    by="status",
    also_whole=True,
)
REFUNDS_FAILED = Metric(
    "RefundsFailed",
    "checkout-orchestrator",
    "Refunds that the gateway or the customer's bank did not make.",
)
REFUNDED = Metric(
    "Refunded",
    "checkout-orchestrator",
    "Refunded money in minor units, for either cause.",
    by="currency",
    unit=NONE,
)
DISCREPANCIES = Metric(
    "Discrepancies",
    "checkout-orchestrator",
    "Discrepancies that the nightly reconciliation found, once for each run.",
    by="kind",
    also_whole=True,
)
COLD_STARTS = Metric(
    "ColdStarts",
    None,
    "First invocations of a process without provisioned concurrency.",
    by="function",
)
REFUSALS = Metric(
    "Refusals",
    None,
    "Expected rejections (out of stock, declined, invalid token): AWS counts them as errors, alarms"
    " exclude them.",
    by="function",
)
MESSAGES_FAILED = Metric(
    "MessagesFailed",
    None,
    "Messages that a consumer failed to handle, at each delivery.",
    by="function",
)
RECORDS_PARKED = Metric(
    "RecordsParked",
    None,
    "Stream records that failed three times and were sent to the failure queue.",
    by="function",
)

REGISTRY: dict[str, Metric] = {
    metric.name: metric for metric in list(globals().values()) if isinstance(metric, Metric)
}


def of(service: str) -> list[Metric]:
    """List the metrics of a service's business."""
    return [metric for metric in REGISTRY.values() if metric.service == service]


def embedded(values: Mapping[Metric, int]) -> dict[str, Any]:
    """Build the EMF members of a log line. The line itself must hold the dimensions."""
    definitions = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": metric.dimensions,
            "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
        }
        for metric in values
    ]
    by_name = {metric.name: value for metric, value in values.items()}
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": definitions}
    return {"_aws": aws, **by_name}
