"""The service as other services feed it and an admin reads it."""

from typing import Any
from urllib.parse import urlencode

from analytics_factories import DAY
from chalice.test import HTTPResponse

from testkit.service_client import Api


class Analytics:
    """An admin's token, and every consumer of the service."""

    def __init__(self, api: Api, token: str) -> None:
        self.api, self.token = api, token

    def orders(self, *records: dict[str, Any]) -> None:
        """Deliver records of the stream of Orders."""
        self.api.stream("on-orders-stream", records)

    def payments(self, *records: dict[str, Any]) -> None:
        """Deliver records of the stream of Payments."""
        self.api.stream("on-payments-stream", records)

    def inventory(self, *records: dict[str, Any]) -> None:
        """Deliver records of the stream of Inventory."""
        self.api.stream("on-inventory-stream", records)

    def done(self, *messages: Any) -> None:
        """Deliver messages of order-done-analytics-queue."""
        self.api.sqs("on-order-done", messages)

    def queued(self, *messages: Any) -> None:
        """Deliver messages of analytics-queue."""
        self.api.sqs("on-analytics-queue", messages)

    def get(self, path: str, **query: Any) -> HTTPResponse:
        """Read one of the two routes."""
        return self.api.get(f"/analytics/{path}?{urlencode(query)}", token=self.token)

    def events(self, **query: Any) -> list[dict[str, Any]]:
        """The event log, by default of DAY."""
        response = self.get("events", **({} if query else {"day": DAY}) | query)
        assert response.status_code == 200, response.json_body
        return response.json_body

    def types(self, **query: Any) -> list[str]:
        """The types of the logged events."""
        return [row["eventType"] for row in self.events(**query)]

    def report(self, day: str = DAY) -> dict[str, Any]:
        """The report of a day."""
        response = self.get("reports", day=day)
        assert response.status_code == 200, response.json_body
        (report,) = response.json_body
        return report

    def counted(self, day: str = DAY) -> dict[str, Any]:
        """The metrics of a day that are not zero."""
        return {name: value for name, value in self.report(day).items() if value and name != "day"}
