"""Announces each fall of a stock to its threshold, once."""

from collections.abc import Mapping
from typing import Any

from chalice.app import DynamoDBEvent

from chalicelib.products import lookups
from common import events, queues, streams

QUEUE = "stock-low-queue"


def enqueue_falls(event: DynamoDBEvent) -> None:
    """Send each record by which a stock became low to the queue. Idempotent.

    Raises: what sending raises; the batch then comes again.
    """
    for record in event.to_dict()["Records"]:
        change = streams.read(record)
        if change.new and _is_low(change.new) and not _is_low(change.old or {}):
            fall = {
                "eventId": change.event_id,
                "productId": change.new["productId"],
                "availableStock": int(change.new["availableStock"]),
                "threshold": int(change.new["lowStockThreshold"]),
                "updatedAt": change.new["updatedAt"],
            }
            queues.send(QUEUE, fall)


def publish_fall(fall: Mapping[str, Any]) -> None:
    """Publish StockLow. Idempotent: its id follows from the stream's record.

    Raises: ProductNotFound, EventsNotPublished.
    """
    product = lookups.get_product(fall["productId"])
    events.publish(
        events.stock_low(
            fall["eventId"],
            product_id=product.product_id,
            name=product.name,
            sku=product.sku,
            available_stock=fall["availableStock"],
            threshold=fall["threshold"],
            occurred_at=fall["updatedAt"],
        )
    )


def _is_low(stock: Mapping[str, Any]) -> bool:
    """Whether a stored stock, if there is one, is at its threshold or under it."""
    threshold = stock.get("lowStockThreshold")
    is_counted = not stock.get("notCounted")
    return threshold is not None and is_counted and stock["availableStock"] <= threshold
