from urllib.parse import urlencode

import pytest
from told import DAY


class Analytics:
    """The service as other services feed it and an admin reads it."""

    def __init__(self, api, token):
        self.api, self.token = api, token

    def orders(self, *records):
        self.api.stream("on-orders-stream", records)

    def payments(self, *records):
        self.api.stream("on-payments-stream", records)

    def inventory(self, *records):
        self.api.stream("on-inventory-stream", records)

    def done(self, *messages):
        self.api.sqs("on-order-done", messages)

    def queued(self, *messages):
        self.api.sqs("on-analytics-queue", messages)

    def get(self, path, **query):
        return self.api.get(f"/analytics/{path}?{urlencode(query)}", token=self.token)

    def events(self, **query):
        response = self.get("events", **({} if query else {"day": DAY}) | query)
        assert response.status_code == 200, response.json_body
        return response.json_body

    def types(self, **query):
        return [row["eventType"] for row in self.events(**query)]

    def report(self, day=DAY):
        response = self.get("reports", day=day)
        assert response.status_code == 200, response.json_body
        (report,) = response.json_body
        return report

    def counted(self, day=DAY):
        """What the day's report says besides zeros."""
        return {name: value for name, value in self.report(day).items() if value and name != "day"}


@pytest.fixture
def analytics(api, tokens):
    return Analytics(api, tokens.admin())
