"""How a notification leaves the shop: mail and SMS to a customer, the topic to the team."""

import json
from functools import cache

from chalicelib.notifications.errors import RecipientGone, RecipientUnknown
from chalicelib.notifications.models import Notification, User
from common import aws, settings

_TOPIC = "commerce-notifications"
_SUBJECT_LENGTH = 100  # of SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html


def to_customer(row: Notification) -> None:
    """Mail or SMS, by the notification's type; RecipientUnknown if the customer has no such address, RecipientGone if no account any more."""
    try:
        user = User.get(row.user_id, consistent_read=True)
    except User.DoesNotExist:
        if User.is_deleted(row.user_id):
            raise RecipientGone(row.user_id) from None
        raise RecipientUnknown(f"there is no user {row.user_id}") from None
    if row.type == "SMS":
        _text(_known(user.phone, row), row.message)
    else:
        _mail(_known(user.email, row), row.subject, f"Hello {user.name or ''},\n\n{row.message}\n")


def to_team(row: Notification) -> None:
    """To the topic, whose subscribers filter by audience."""
    about = {"audience": row.audience, "type": row.type, "kind": row.kind, "orderId": row.order_id}
    for_programs = json.dumps({**about, "subject": row.subject, "message": row.message})
    aws.client("sns").publish(
        TopicArn=_topic(),
        Subject=row.subject[:_SUBJECT_LENGTH],
        MessageStructure="json",
        Message=json.dumps({"default": for_programs, "email": row.message}),
        MessageAttributes={"audience": {"DataType": "String", "StringValue": row.audience}},
    )


def _known(address: str | None, row: Notification) -> str:
    if not address:
        raise RecipientUnknown(f"{row.user_id} has no address for {row.type}")
    return address


def _mail(address: str, subject: str, text: str) -> None:
    aws.client("ses").send_email(
        Source=settings.text("MAIL_FROM"),
        Destination={"ToAddresses": [address]},
        Message={
            "Subject": {"Data": subject, "Charset": "UTF-8"},
            "Body": {"Text": {"Data": text, "Charset": "UTF-8"}},
        },
    )


def _text(number: str, text: str) -> None:
    aws.client("sns").publish(PhoneNumber=number, Message=text)


@cache
def _topic() -> str:
    """The topic's ARN, of this account and region."""
    partition, account = aws.client("sts").get_caller_identity()["Arn"].split(":")[1:5:3]
    return f"arn:{partition}:sns:{aws.client('sns').meta.region_name}:{account}:{_TOPIC}"
