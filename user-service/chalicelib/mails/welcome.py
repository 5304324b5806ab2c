"""The welcome message, published for the service that notifies customers."""

import json
from functools import cache

from chalicelib.users.models import User
from common import aws, log

_TOPIC = "commerce-notifications"
_AUDIENCE = "customer"


def publish_welcome(user: User) -> None:
    """Request a welcome mail.

    Idempotent: checkout-orchestrator sends each customer one.
    """
    aws.client("sns").publish(
        TopicArn=_topic_arn(),
        Message=json.dumps(_message(user)),
        MessageAttributes={"audience": {"DataType": "String", "StringValue": _AUDIENCE}},
    )


def _message(user: User) -> dict[str, str]:
    return {
        "audience": _AUDIENCE,
        "userId": user.user_id,
        "type": "EMAIL",
        "kind": "WELCOME",
        "subject": "Welcome to the shop",
        "message": "Your account is ready. Good to have you here.",
        "correlationId": log.correlation_id(),
    }


@cache
def _topic_arn() -> str:
    """Return the topic's ARN in this account, which config.json cannot name."""
    identity = aws.client("sts").get_caller_identity()
    partition, region = identity["Arn"].split(":")[1], aws.client("sns").meta.region_name
    return f"arn:{partition}:sns:{region}:{identity['Account']}:{_TOPIC}"
