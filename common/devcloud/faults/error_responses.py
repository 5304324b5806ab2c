"""Build error responses of AWS and the gateways, as urllib3 returns them."""

import io
import json
from typing import Any

_DYNAMODB = "com.amazonaws.dynamodb.v20120810#"
_THROTTLED = {
    "dynamodb": f"{_DYNAMODB}ProvisionedThroughputExceededException",
    "": "ThrottlingException",
}


def conflict(body: str, method: str) -> Any:
    """Return DynamoDB's response to a write that conflicts with a transaction."""
    operations = json.loads(body).get("TransactItems")
    error: dict[str, Any] = {"message": "Transaction is ongoing for the item"}
    if operations is None:
        return _response(
            400, {"__type": f"{_DYNAMODB}TransactionConflictException", **error}, {}, method
        )
    reasons: list[dict[str, Any]] = [{"Code": "None"} for _ in operations]
    reasons[0] = {"Code": "TransactionConflict", "Message": error["message"]}
    error = {
        "__type": f"{_DYNAMODB}TransactionCanceledException",
        "message": "Transaction cancelled, please refer cancellation reasons for specific reasons"
        " [TransactionConflict]",
        "CancellationReasons": reasons,
    }
    return _response(400, error, {}, method)


def overload(call: str, how: str, method: str) -> Any:
    """Return the response of an overloaded or broken service."""
    body: dict[str, Any]
    if how == "error":
        status, body = (
            500,
            {"__type": "InternalServerError", "message": "We encountered an internal error."},
        )
    elif ":" in call:
        status = 400
        body = {
            "__type": _THROTTLED.get(call.split(":")[0], _THROTTLED[""]),
            "message": "Rate exceeded",
        }
    else:
        status, body = (
            429,
            {
                "error": {
                    "type": "invalid_request_error",
                    "code": "rate_limit",
                    "message": "Too many",
                }
            },
        )
    headers = {"x-amzn-ErrorType": "ThrottlingException"} if how == "throttled" else {}
    return _response(status, body, headers, method)


def _response(status: int, body: dict[str, Any], headers: dict[str, str], method: str) -> Any:
    from urllib3.response import HTTPResponse

    raw = json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Content-Length": str(len(raw)), **headers}
    return HTTPResponse(
        io.BytesIO(raw),
        headers,
        status,
        preload_content=False,
        decode_content=False,
        request_method=method,
    )
