"""JSON logs, each line with the correlation id of its request.

A line also names its order and its customer (masked), where the invocation, the message or the
response does. A line may carry metrics: see common.metrics.
"""

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from chalice import Chalice, ChaliceViewError
from chalice.app import Request

from common import ids, metrics, redaction

HEADER = "X-Correlation-Id"
_SAFE = re.compile(r"[\x21-\x7e]{1,128}")
_ORDER, _CUSTOMER = "order_id", "customer_id"


class RedactingFormatter(LambdaPowertoolsFormatter):
    """Formats a line as JSON, redacted."""

    def serialize(self, log: Any) -> str:
        """Serialize a line, the stack trace of an error included."""
        return super().serialize(redaction.masked({**_subject(log), **log}))


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
logger = Logger(
    service="commerce", logger_formatter=RedactingFormatter(json_serializer=_ENCODER.encode)
)


def correlation_id() -> str:
    """Return the current correlation id. A new one if there is none."""
    current = logger.get_correlation_id()
    return current or correlate(None)


def correlate(identifier: str | None) -> str:
    """Log under this correlation id from now on, a new one if it is None or unsafe.

    Order and customer are unbound.
    """
    if not identifier or not _SAFE.fullmatch(identifier):
        identifier = ids.suffix(ids.new("COR"))
    logger.remove_keys([_ORDER, _CUSTOMER])
    logger.set_correlation_id(identifier)
    return identifier


def bind_context(source: Any) -> None:
    """Add the order and customer of a message, row or response to every further line.

    Those that are bound already stay.
    """
    bound = logger.get_current_keys()
    keys = {name: value for name, value in _subject(source).items() if name not in bound}
    logger.append_keys(**keys)


def emit_metric(
    message: str,
    values: Mapping[metrics.Metric, int],
    write: Callable[..., None] = logger.info,
    **fields: Any,
) -> None:
    """Log a line that carries metrics.

    `fields` hold their dimensions and any further fields of the line.

    Not idempotent: call it after the conditional write that only one of all repeats makes.
    """
    write(message, extra={**fields, **metrics.embedded(values)}, stacklevel=3)


def function() -> str:
    """Return the name of this Lambda, for metrics by function."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "none")


def instrument(app: Chalice) -> None:
    """Log each invocation of the app once, and every error with its stack trace."""

    @app.middleware("all")
    def invocation(event: Any, get_response: Callable[[Any], Any]) -> Any:
        logger.append_keys(service=app.app_name)
        if isinstance(event, Request):
            return _request(event, get_response)
        return _invocation(event, get_response)


def record_cold_start() -> None:
    """Count a process's first invocation, unless it had provisioned concurrency."""
    global _is_started
    if (
        not _is_started
        and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency"
    ):
        emit_metric("cold start", {metrics.COLD_STARTS: 1}, function=function())
    _is_started = True


_is_started = False


def _request(request: Request, get_response: Callable[[Any], Any]) -> Any:
    correlate(request.headers.get(HEADER))
    bind_context(request.uri_params)
    bind_context(request.context.get("authorizer"))
    record_cold_start()
    response = get_response(request)
    response.headers[HEADER] = correlation_id()
    logger.info(
        "request",
        extra={"method": request.method, "path": request.path, "status": response.status_code},
    )
    return response


def _invocation(event: Any, get_response: Callable[[Any], Any]) -> Any:
    payload = event.to_dict()
    correlate(payload.get("correlationId") if isinstance(payload, dict) else None)
    bind_context(payload)
    record_cold_start()
    try:
        result = get_response(event)
    except Exception as exc:
        logger.exception("failed", extra={"error": type(exc).__name__})
        if isinstance(exc, ChaliceViewError) and exc.STATUS_CODE < 500:
            emit_metric("refused", {metrics.REFUSALS: 1}, function=function())
        raise
    is_batch = isinstance(payload, dict) and "Records" in payload
    if not is_batch:  # consumers of batches log each message
        logger.info("done")
    return result


def _subject(source: Any) -> dict[str, str]:
    """The order and the customer of a message, row or response, as a line names them."""
    subject = {}
    order, customer = _text(source, "orderId", "order_id"), _text(source, "userId", "user_id")
    if order:
        subject[_ORDER] = _normalized(order)
    if customer:
        subject[_CUSTOMER] = redaction.customer(customer)
    return subject


def _text(source: Any, *names: str) -> str | None:
    """The first field or attribute of these names that is a text."""
    for name in names:
        value = source.get(name) if isinstance(source, Mapping) else getattr(source, name, None)
        if isinstance(value, str):
            return value
    return None


def _normalized(order_id: str) -> str:
    """The normalized id. What is not an id is a client's own text, and is redacted."""
    try:
        return ids.parse("ORDER", order_id)
    except ids.InvalidId:
        return redaction.REDACTED
