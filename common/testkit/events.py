"""Observes the bus and the queues in tests."""

import json
from dataclasses import dataclass
from typing import Any

from common import aws, events, queues

_INBOX = "testkit-bus"


@dataclass(frozen=True)
class Bus:
    """Everything that was put on the bus since the test subscribed."""

    @classmethod
    def subscribe(cls) -> "Bus":
        """Subscribe with a rule of the test's own."""
        inbox = aws.client("sqs").create_queue(QueueName=_INBOX)["QueueUrl"]
        arn = aws.client("sqs").get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])[
            "Attributes"
        ]
        aws.client("events").put_rule(
            Name=_INBOX,
            EventBusName=events.BUS,
            EventPattern=json.dumps({"source": [{"prefix": "commerce."}]}),
        )
        aws.client("events").put_targets(
            Rule=_INBOX, EventBusName=events.BUS, Targets=[{"Id": "inbox", "Arn": arn["QueueArn"]}]
        )
        return cls()

    def events(self, detail_type: str | None = None) -> list[dict[str, Any]]:
        """Return the envelopes in order of arrival, of one kind if it is named."""
        envelopes = waiting(_INBOX)
        return [event for event in envelopes if detail_type in (None, event["detail-type"])]


def waiting(queue: str) -> list[dict[str, Any]]:
    """Return the bodies of the messages in a queue. They stay there."""
    sqs, url = aws.client("sqs"), queues.url(queue)
    messages = []
    while batch := sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=60
    ).get("Messages"):
        messages += batch
    for message in messages:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=message["ReceiptHandle"], VisibilityTimeout=0
        )
    return [json.loads(message["Body"]) for message in messages]
