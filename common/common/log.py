"""One JSON line per thing that happened, each with the correlation id of the customer's request that caused it.

A line also names the order and the customer (masked) that it is about, as far as the invocation, the message or the answer does. A line
may be a measure, too: see common.metrics.
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


class Masked(LambdaPowertoolsFormatter):
    """A line as JSON; e-mail addresses, tokens, keys and card numbers are struck out of all that it says."""

    def serialize(self, log: Any) -> str:
        """The line; the trace of an error goes through the same sieve."""
        return super().serialize(redaction.masked({**_subject(log), **log}))


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)  # all that is masked is JSON
logger = Logger(service="commerce", logger_formatter=Masked(json_serializer=_ENCODER.encode))


def correlation_id() -> str:
    """The id that ties together all that one request caused; made here if nobody brought one."""
    current = logger.get_correlation_id()
    return current or correlate(None)


def correlate(identifier: str | None) -> str:
    """Work under this correlation id from now on, or under a new one if there is none; about no order or customer yet."""
    if not identifier or not _SAFE.fullmatch(identifier):
        identifier = ids.suffix(ids.new("COR"))
    logger.remove_keys([_ORDER, _CUSTOMER])
    logger.set_correlation_id(identifier)
    return identifier


def bind_context(told: Any) -> None:
    """Name the order and the customer of this message, row or answer in every line from now on, unless others are named already."""
    known = logger.get_current_keys()
    found = {name: value for name, value in _subject(told).items() if name not in known}
    logger.append_keys(**found)


def emit_metric(
    message: str,
    values: Mapping[metrics.Metric, int],
    say: Callable[..., None] = logger.info,
    **said: Any,
) -> None:
    """A line that is a measure, too; `said` holds the metrics' dimensions, and whatever else the line says.

    What is counted is counted once per call: call it after the write that only one of all repeats makes.
    """
    say(message, extra={**said, **metrics.embedded(values)}, stacklevel=3)


def function() -> str:
    """The name of this Lambda, for metrics by function."""
    return os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "none")


def instrument(app: Chalice) -> None:
    """Log each invocation of the app once, under its correlation id, and every error with its trace."""

    @app.middleware("all")
    def invocation(event: Any, get_response: Callable[[Any], Any]) -> Any:
        logger.append_keys(service=app.app_name)
        if isinstance(event, Request):
            return _request(event, get_response)
        return _invocation(event, get_response)


def record_cold_start() -> None:
    """Count a process' first invocation: somebody waited for its start, unless it was started ahead."""
    global _is_awake
    if (
        not _is_awake
        and os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") != "provisioned-concurrency"
    ):
        emit_metric("cold start", {metrics.COLD_STARTS: 1}, function=function())
    _is_awake = True


_is_awake = False


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
    except Exception as failure:
        logger.exception("failed", extra={"error": type(failure).__name__})
        if isinstance(failure, ChaliceViewError) and failure.STATUS_CODE < 500:
            emit_metric("refused", {metrics.REFUSALS: 1}, function=function())
        raise
    if (
        not isinstance(payload, dict) or "Records" not in payload
    ):  # who reads a batch says so of each message
        logger.info("done")
    return result


def _subject(told: Any) -> dict[str, str]:
    """The order and the customer that a message, a row or an answer names, as a line names them."""
    found = {}
    order, customer = _named(told, "orderId", "order_id"), _named(told, "userId", "user_id")
    if order:
        found[_ORDER] = _spelled(order)
    if customer:
        found[_CUSTOMER] = redaction.customer(customer)
    return found


def _named(told: Any, *names: str) -> str | None:
    """What stands under one of these names, if it is a text."""
    for name in names:
        value = told.get(name) if isinstance(told, Mapping) else getattr(told, name, None)
        if isinstance(value, str):
            return value
    return None


def _spelled(order_id: str) -> str:
    """In the one spelling; what cannot be an id is a customer's own words, and says nothing here."""
    try:
        return ids.parse("ORDER", order_id)
    except ids.InvalidId:
        return redaction.REDACTED
