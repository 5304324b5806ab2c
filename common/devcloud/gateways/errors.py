"""The error responses of a fake gateway."""

from devcloud.gateways.store import JsonObject


class GatewayError(Exception):
    """A response that is an error: its HTTP status and its body, in the gateway's own words."""

    def __init__(self, status: int, message: str, body: JsonObject) -> None:
        super().__init__(message)
        self.status, self.body = status, body
