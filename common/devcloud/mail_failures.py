"""Let a mail of the local shop fail, as SES reports it on AWS.

The emulator delivers every mail. What SES would publish of a bounce or a complaint goes to the same
topic here, and takes the same way from there.
https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-examples.html
"""

import json
from typing import Any

from common import clock
from delivery.clouds import ACCOUNT, REGION, Cloud

_TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:commerce-mail-events"


def publish_failure(cloud: Cloud, email: str, is_complaint: bool = False) -> None:
    """Publish that a mail to this address bounced for good, or is spam. Not idempotent."""
    event = complaint(email) if is_complaint else bounce(email)
    cloud.client("sns").publish(TopicArn=_TOPIC, Message=json.dumps(event))


def bounce(email: str) -> dict[str, Any]:
    """Return what SES publishes of a mail to an address that does not exist."""
    recipient = {"emailAddress": email, "action": "failed", "status": "5.1.1"}
    failed = {"bounceType": "Permanent", "bounceSubType": "NoEmail"}
    times = {"bouncedRecipients": [recipient], "timestamp": clock.now()}
    return {"eventType": "Bounce", "bounce": failed | times, "mail": {"destination": [email]}}


def complaint(email: str) -> dict[str, Any]:
    """Return what SES publishes of a mail that its recipient called spam."""
    failed = {"complainedRecipients": [{"emailAddress": email}], "timestamp": clock.now()}
    kind = {"complaintFeedbackType": "abuse"}
    return {"eventType": "Complaint", "complaint": failed | kind, "mail": {"destination": [email]}}
