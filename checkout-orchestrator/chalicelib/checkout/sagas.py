"""The state machine checkout-orchestrator: one execution per order, named by the order's ULID."""

import json
from functools import cache

from common import aws, ids, log

_NAME = "checkout-orchestrator"
_STOPPED = ("ABORTED", "TIMED_OUT")


def start(order_id: str, user_id: str, correlation_id: str | None) -> None:
    """Start the order's saga; the second start of an order is no start, whoever comes first."""
    sfn = aws.client("stepfunctions")
    begun = {
        "orderId": order_id,
        "userId": user_id,
        "correlationId": correlation_id or ids.suffix(order_id),
    }
    try:
        sfn.start_execution(
            stateMachineArn=_arn("stateMachine", _NAME),
            name=ids.suffix(order_id),
            input=json.dumps(begun, sort_keys=True),
        )
    except sfn.exceptions.ExecutionAlreadyExists:
        log.logger.info("the checkout has been started before", extra={"orderId": order_id})


def was_stopped(order_id: str) -> bool:
    """Whether the order's saga was ended from outside, by a person or by its time limit, without undoing anything."""
    return status(order_id) in _STOPPED


def status(order_id: str) -> str | None:
    """Where the order's saga stands, in Step Functions' words: RUNNING, FAILED, ABORTED...; None if none was ever started."""
    sfn = aws.client("stepfunctions")
    try:
        found = sfn.describe_execution(
            executionArn=_arn("execution", f"{_NAME}:{ids.suffix(order_id)}")
        )
    except sfn.exceptions.ExecutionDoesNotExist:
        return None
    return str(found["status"])


@cache
def _arn(kind: str, name: str) -> str:
    """The ARN of something of this account's: a Lambda's settings cannot name the account it is deployed to."""
    partition, account = aws.client("sts").get_caller_identity()["Arn"].split(":")[1:5:3]
    region = aws.client("stepfunctions").meta.region_name
    return f"arn:{partition}:states:{region}:{account}:{kind}:{name}"
