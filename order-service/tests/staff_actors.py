"""Staff who set up what prices are made from."""

from typing import Any
from urllib.parse import quote

from chalice.test import HTTPResponse

from testkit.service_client import Api


class Staff:
    """An admin who sets up what quotes are made from."""

    def __init__(self, api: Api, token: str) -> None:
        self.api, self.token = api, token

    def list(self, path: str, query: str = "") -> HTTPResponse:
        """List shipping methods, tax rates or promotions."""
        return self.api.get(path + query, self.token)

    def create(self, path: str, body: Any, key: str | None = None) -> HTTPResponse:
        """Create one."""
        headers = {"Idempotency-Key": key} if key else None
        return self.api.post(path, body, self.token, headers)

    def change(self, path: str, row_id: str, body: Any) -> HTTPResponse:
        """Change one."""
        return self.api.patch(f"{path}/{quote(row_id, safe='')}", body, self.token)

    def delete(self, path: str, row_id: str) -> HTTPResponse:
        """Delete one."""
        return self.api.delete(f"{path}/{quote(row_id, safe='')}", self.token)
