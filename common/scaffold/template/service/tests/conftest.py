from typing import Any
from urllib.parse import quote

import pytest
from chalice.test import HTTPResponse

from testkit.service_client import Api
from testkit.tokens import AMY, JIMMY, Tokens


class Customer:
    """Somebody with sample things, or an admin."""

    def __init__(self, api: Api, token: str) -> None:
        self.api, self.token = api, token

    def create(self, name: Any = "Birthday", key: str | None = None, **more: Any) -> HTTPResponse:
        headers = {"Idempotency-Key": key} if key else {}
        return self.api.post(
            "/sample-thing", {"name": name, **more}, token=self.token, headers=headers
        )

    def look(self, query: str = "") -> HTTPResponse:
        return self.api.get(f"/sample-things{query}", token=self.token)

    def show(self, sample_thing_id: str, query: str = "") -> HTTPResponse:
        return self.api.get(path(sample_thing_id) + query, token=self.token)

    def delete(self, sample_thing_id: str, query: str = "") -> HTTPResponse:
        return self.api.delete(path(sample_thing_id) + query, token=self.token)

    @property
    def names(self) -> list[str]:
        """What the first page shows."""
        return [shown["name"] for shown in self.look().json_body]


def path(sample_thing_id: str) -> str:
    return f"/sample-thing/{quote(sample_thing_id, safe='')}"


@pytest.fixture
def jimmy(api: Api, tokens: Tokens) -> Customer:
    return Customer(api, tokens.customer(JIMMY))


@pytest.fixture
def amy(api: Api, tokens: Tokens) -> Customer:
    return Customer(api, tokens.customer(AMY, "amy@example.com"))


@pytest.fixture
def admin(api: Api, tokens: Tokens) -> Customer:
    return Customer(api, tokens.admin())
