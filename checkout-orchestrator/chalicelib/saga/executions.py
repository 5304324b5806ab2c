"""Executions of the checkout's state machine: one per order, named by its ULID."""

import json
from functools import cache

from common import aws, ids, log

_NAME = "checkout-orchestrator"
_STOPPED = ("ABORTED", "TIMED_OUT")
RUNNING = "RUNNING"


def start_execution(order_id: str, user_id: str, correlation_id: str | None) -> None:
    """Start the order's saga.

    Idempotent: Step Functions takes each name once, so a second start has no effect.
    """
    sfn = aws.client("stepfunctions")
    saga_input = {
        "orderId": order_id,
        "userId": user_id,
        "correlationId": correlation_id or ids.suffix(order_id),
    }
    try:
        sfn.start_execution(
            stateMachineArn=_arn("stateMachine", _NAME),
            name=ids.suffix(order_id),
            input=json.dumps(saga_input, sort_keys=True),
        )
    except sfn.exceptions.ExecutionAlreadyExists:
        log.logger.info("the checkout was started before", extra={"orderId": order_id})


def was_stopped(order_id: str) -> bool:
    """Tell whether the order's saga was aborted or timed out, uncompensated."""
    return find_status(order_id) in _STOPPED


def find_status(order_id: str) -> str | None:
    """Read the status of the order's execution, None if there is none."""
    sfn = aws.client("stepfunctions")
    try:
        execution = sfn.describe_execution(
            executionArn=_arn("execution", f"{_NAME}:{ids.suffix(order_id)}")
        )
    except sfn.exceptions.ExecutionDoesNotExist:
        return None
    return str(execution["status"])


@cache
def _arn(kind: str, name: str) -> str:
    """Build an ARN of this account, which the settings of a Lambda cannot name."""
    partition, account = aws.client("sts").get_caller_identity()["Arn"].split(":")[1:5:3]
    region = aws.client("stepfunctions").meta.region_name
    return f"arn:{partition}:states:{region}:{account}:{kind}:{name}"
