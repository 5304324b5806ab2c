"""Channels of notifications: mail and SMS, and a topic for the team."""

import json
from functools import cache

from chalicelib.notifications import notices
from chalicelib.notifications.errors import RecipientSuppressed, RecipientUnknown
from chalicelib.notifications.models import Notification
from chalicelib.notifications.recipients import Recipient, get_recipient
from chalicelib.readmodels.users import is_suppressed
from common import aws, log, mails
from common.mails import MailContent, Row

_TOPIC = "commerce-notifications"
_MAX_SUBJECT = 100  # of SNS: https://docs.aws.amazon.com/sns/latest/api/API_Publish.html


def send_to_customer(notification: Notification) -> None:
    """Send a mail or an SMS, by the notification's type. Not idempotent.

    Raises: RecipientUnknown without such an address, RecipientGone without an account any more,
    RecipientUnproved of a guest's unpaid order, RecipientSuppressed when mails to the address end.
    """
    recipient = get_recipient(notification)
    if notification.type == "SMS":
        _send_sms(_require_address(recipient.phone, notification), notification.message)
    else:
        address = _require_address(recipient.email, notification)
        if is_suppressed(address):
            raise RecipientSuppressed
        mails.send(_content(recipient, notification), address)


def publish_to_team(notification: Notification) -> None:
    """Publish on the topic, whose subscribers filter by audience. Not idempotent."""
    attributes = {
        "notificationId": notification.notification_id,
        "audience": notification.audience,
        "type": notification.type,
        "kind": notification.kind,
        "orderId": notification.order_id,
        "userId": notification.user_id,
        "correlationId": log.correlation_id(),
        "subject": notification.subject,
        "message": notification.message,
    }
    bodies = {"default": json.dumps(attributes), "email": notification.message}
    aws.client("sns").publish(
        TopicArn=_topic_arn(),
        Subject=notification.subject[:_MAX_SUBJECT],
        MessageStructure="json",
        Message=json.dumps(bodies),
        MessageAttributes={
            "audience": {"DataType": "String", "StringValue": notification.audience}
        },
    )


def mail_team(addresses: list[str], subject: str, text: str) -> None:
    """Send one mail to these addresses but those whose mails end. Not idempotent."""
    reachable = [address for address in addresses if not is_suppressed(address)]
    if reachable:
        mails.send(MailContent(subject, "Hello", text), *reachable)


def _require_address(address: str | None, notification: Notification) -> str:
    if not address:
        raise RecipientUnknown(f"{notification.user_id} has no address for {notification.type}")
    return address


def _content(recipient: Recipient, notification: Notification) -> MailContent:
    return MailContent(
        notification.subject,
        recipient.greeting,
        _with_token(notification, recipient.order_token),
        [Row(row.label, row.value) for row in notification.rows or []],
    )


def _with_token(notification: Notification, token: str | None) -> str:
    """Return the message, with what opens a guest's order in its link.

    In the fragment, which browsers do not send. The message that is stored has no token.
    """
    if token is None or notification.order_id is None:
        return notification.message
    link = notices.link_order(notification.order_id)
    return notification.message.replace(link, f"{link}#token={token}")


def _send_sms(number: str, text: str) -> None:
    aws.client("sns").publish(PhoneNumber=number, Message=text)


@cache
def _topic_arn() -> str:
    """Build the topic's ARN, of this account and region."""
    partition, account = aws.client("sts").get_caller_identity()["Arn"].split(":")[1:5:3]
    return f"arn:{partition}:sns:{aws.client('sns').meta.region_name}:{account}:{_TOPIC}"
