"""One JSON line per thing that happened, each with the correlation id of the customer's request that caused it."""

import re
from collections.abc import Callable
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter
from chalice import Chalice
from chalice.app import Request

from common import ids, masks

HEADER = "X-Correlation-Id"
_SAFE = re.compile(r"[\x21-\x7e]{1,128}")


class Masked(LambdaPowertoolsFormatter):
    """A line as JSON; e-mail addresses, tokens, keys and card numbers are struck out of all that it says."""

    def serialize(self, log: Any) -> str:
        """The line; the trace of an error goes through the same sieve."""
        return super().serialize(masks.masked(log))


logger = Logger(service="commerce", logger_formatter=Masked())


def correlation_id() -> str:
    """The id that ties together all that one request caused; made here if nobody brought one."""
    current = logger.get_correlation_id()
    return current or correlate(None)


def correlate(identifier: str | None) -> str:
    """Work under this correlation id from now on, or under a new one if there is none."""
    if not identifier or not _SAFE.fullmatch(identifier):
        identifier = ids.short(ids.new("COR"))
    logger.set_correlation_id(identifier)
    return identifier


def watch(app: Chalice) -> None:
    """Log each invocation of the app once, under its correlation id, and every error with its trace."""

    @app.middleware("all")
    def invocation(event: Any, get_response: Callable[[Any], Any]) -> Any:
        logger.append_keys(service=app.app_name)
        if isinstance(event, Request):
            return _request(event, get_response)
        return _invocation(event, get_response)


def _request(request: Request, get_response: Callable[[Any], Any]) -> Any:
    correlate(request.headers.get(HEADER))
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
    try:
        result = get_response(event)
    except Exception as failure:
        logger.exception("failed", extra={"error": type(failure).__name__})
        raise
    logger.info("done")
    return result
