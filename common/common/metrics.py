"""What the shop measures: one registry of every metric, and how one stands in a log line.

A line with the members of CloudWatch's embedded metric format is a measure: CloudWatch takes it out of the log, and nothing is asked of AWS
while a customer waits. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Each combination of a metric's dimensions is billed as a metric of its own, so a dimension has few values: never an id.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NAMESPACE = "Commerce"
_WHOLE = "service"  # which every line says: readers of the format differ on whether a set of dimensions may be empty
COUNT, MILLISECONDS, NONE = "Count", "Milliseconds", "None"


@dataclass(frozen=True)
class Metric:
    """Something measured: by which service (None: by every one), by which dimension if any, and what its value means.

    Without a dimension, and with `also_whole` besides it, CloudWatch keeps it by service: an alarm can't add values up.
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
        whole = [[_WHOLE]]
        return whole if self.by is None else [[self.by], *(whole if self.also_whole else [])]


ORDERS_PLACED = Metric("OrdersPlaced", "order-service", "Orders stored as CREATED.")
ORDERS_CONFIRMED = Metric(
    "OrdersConfirmed", "order-service", "Orders that were paid and became CONFIRMED."
)
ORDERS_FAILED = Metric(
    "OrdersFailed",
    "order-service",
    "Orders that became FAILED: declined, sold out, or our own trouble.",
)
ORDERS_EXPIRED = Metric("OrdersExpired", "order-service", "Orders that nobody paid in time.")
ORDERS_CANCELLED = Metric(
    "OrdersCancelled", "order-service", "Orders that their customers took back."
)
REVENUE = Metric(
    "Revenue",
    "order-service",
    "Totals of confirmed orders, in minor units (cents); what was refunded since is not taken off.",
    by="currency",
    unit=NONE,
)
CHECKOUT_DURATION = Metric(
    "CheckoutDuration",
    "order-service",
    "From an order's placing to the status that it ended with, waits for the customer included.",
    by="status",
    unit=MILLISECONDS,
)
RESERVATION_CONFLICTS = Metric(
    "ReservationConflicts",
    "product-service",
    "Reservations that could not be made: OutOfStock (another order was faster), StockContended (too many at once; the saga tries"
    " again), ReservationEnded (undone before it came).",
    by="cause",
)
PAYMENTS_CAPTURED = Metric(
    "PaymentsCaptured", "checkout-orchestrator", "Payments whose money came in."
)
PAYMENTS_DECLINED = Metric(
    "PaymentsDeclined",
    "checkout-orchestrator",
    "Attempts that a bank refused, by the shop's own few words for the gateways' many codes.",
    by="reason",
)
REFUNDS = Metric(
    "Refunds",
    "checkout-orchestrator",
    "Times that captured money was given back: RETURNED goods of a confirmed order, or UNDONE with a checkout that failed.",
    by="cause",
)
REFUNDED = Metric(
    "Refunded",
    "checkout-orchestrator",
    "Money given back, in minor units, for either cause.",
    by="currency",
    unit=NONE,
)
DISCREPANCIES = Metric(
    "Discrepancies",
    "checkout-orchestrator",
    "What the nightly check found wrong in the books; once for each run that finds it.",
    by="kind",
    also_whole=True,
)
COLD_STARTS = Metric(
    "ColdStarts", None, "First invocations of a process that was not started ahead.", by="function"
)
REFUSALS = Metric(
    "Refusals",
    None,
    "Invocations that raised on purpose (sold out, declined, no valid token): AWS counts them as errors, an alarm should not.",
    by="function",
)
MESSAGES_FAILED = Metric(
    "MessagesFailed",
    None,
    "Messages that a consumer could not handle, each time they came.",
    by="function",
)
RECORDS_PARKED = Metric(
    "RecordsParked",
    None,
    "Stream records that failed three times and wait in a queue.",
    by="function",
)

REGISTRY: dict[str, Metric] = {
    metric.name: metric for metric in list(globals().values()) if isinstance(metric, Metric)
}


def of(service: str) -> list[Metric]:
    """What this service measures of its business."""
    return [metric for metric in REGISTRY.values() if metric.service == service]


def embedded(values: Mapping[Metric, int]) -> dict[str, Any]:
    """The members of a log line that make these values measures; the line itself must say their dimensions."""
    about = [
        {
            "Namespace": NAMESPACE,
            "Dimensions": metric.dimensions,
            "Metrics": [{"Name": metric.name, "Unit": metric.unit}],
        }
        for metric in values
    ]
    said = {metric.name: value for metric, value in values.items()}
    return {"_aws": {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": about}, **said}
