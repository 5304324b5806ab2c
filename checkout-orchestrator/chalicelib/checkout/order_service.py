"""Calls of order-service's Lambdas.

What they raise is answered under the same names.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from chalice import ChaliceViewError

from chalicelib.checkout.errors import OrderServiceUnavailable
from chalicelib.saga import lambdas
from common import log

Errors = Mapping[str, type[ChaliceViewError]]


def call(name: str, step: dict[str, Any], errors: Errors) -> None:
    """Call the Lambda of this name.

    Raises: one of the errors if it did; OrderServiceUnavailable for every other failure.
    """
    try:
        lambdas.invoke("order-service", name, step)
    except lambdas.StepFailed as exc:
        if exc.error in errors:
            raise errors[exc.error](exc.message) from exc
        log.logger.error(f"{name} failed", extra={"error": str(exc)})
        raise OrderServiceUnavailable("order-service failed; try again") from exc
    except (BotoCoreError, ClientError) as exc:
        raise OrderServiceUnavailable("order-service did not answer; try again") from exc
