"""The error responses of a fake gateway."""

from devcloud.gateways.store import JsonObject


class GatewayError(Exception):
    """An error response: its HTTP status, and its body in the gateway's format."""

    def __init__(self, status: int, message: str, body: JsonObject) -> None:
        super().__init__(message)
        self.status, self.body = status, body
