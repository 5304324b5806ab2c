"""The welcome message, published for whoever sends mail."""

import json
from functools import cache

from chalicelib.users.models import User
from common import aws, log

_TOPIC = "commerce-notifications"
_AUDIENCE = "customer"


def publish(user: User) -> None:
    """Ask for a welcome mail. May be repeated: checkout-orchestrator sends a customer one welcome, however many it gets."""
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
    """The topic's ARN in this account: config.json cannot name it, being the same for all accounts."""
    partition, account = _where()
    return f"arn:{partition}:sns:{aws.client('sns').meta.region_name}:{account}:{_TOPIC}"


def _where() -> tuple[str, str]:
    identity = aws.client("sts").get_caller_identity()
    return identity["Arn"].split(":")[1], identity["Account"]
