"""List the latest orders of a running shop, straight from its tables."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from common import money
from delivery.clouds import Cloud

_ATTRIBUTES = ("orderId", "status", "totalMinor", "currency", "userId", "createdAt")
_BATCH = 100  # keys that DynamoDB takes in one BatchGetItem


@dataclass(frozen=True)
class Order:
    """An order as a list shows it."""

    order_id: str
    status: str
    total: str
    customer: str
    created_at: str

    @property
    def age(self) -> str:
        """How long ago it was placed, in the largest whole unit."""
        placed = datetime.fromisoformat(self.created_at)
        seconds = max(0, int((datetime.now(UTC) - placed).total_seconds()))
        for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
            if seconds >= length:
                return f"{seconds // length} {unit}"
        return f"{seconds} s"

    def as_json(self) -> dict[str, str]:
        """Return the order for a program."""
        fields = asdict(self)
        fields["orderId"] = fields.pop("order_id")
        fields["createdAt"] = fields.pop("created_at")
        return fields


def latest(cloud: Cloud, count: int) -> list[Order]:
    """List the latest orders, newest first. Scans the table, for a local shop only."""
    client = cloud.client("dynamodb")
    rows = heapq.nlargest(count, _scan(client), key=lambda row: row["createdAt"])
    emails = _emails(client, {row["userId"] for row in rows})
    return [
        Order(
            row["orderId"],
            row["status"],
            money.format_amount(int(row["totalMinor"]), row["currency"]),
            emails.get(row["userId"], row["userId"]),
            row["createdAt"],
        )
        for row in rows
    ]


def _scan(client: Any) -> Iterator[dict[str, str]]:
    names = {f"#{name}": name for name in _ATTRIBUTES}
    pages = client.get_paginator("scan").paginate(
        TableName="Orders", ProjectionExpression=",".join(names), ExpressionAttributeNames=names
    )
    for page in pages:
        yield from map(_plain, page["Items"])


def _emails(client: Any, user_ids: Iterable[str]) -> dict[str, str]:
    """Return the addresses of those customers who still have an account."""
    keys = [{"userId": {"S": user_id}} for user_id in sorted(user_ids)]
    emails: dict[str, str] = {}
    for start in range(0, len(keys), _BATCH):
        batch = {"Users": {"Keys": keys[start : start + _BATCH]}}
        rows = client.batch_get_item(RequestItems=batch)["Responses"]["Users"]
        emails |= {row["userId"]: row["email"] for row in map(_plain, rows) if "email" in row}
    return emails


def _plain(item: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: next(iter(value.values())) for name, value in item.items()}
