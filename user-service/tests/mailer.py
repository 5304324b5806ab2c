"""The queue of mails, its consumer, and the mails that SES was given."""

import re
from typing import Any

from common import aws, queues
from testkit import sent_mails
from testkit.events import waiting
from testkit.sent_mails import SentMail

QUEUE = "user-mail-queue"


class Mailer:
    """Deliver the messages of user-mail-queue, and read the mails that were sent."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop
        aws.client("ses").verify_email_identity(EmailAddress="shop@shop.example")

    def waiting(self) -> list[dict[str, Any]]:
        """Return the messages in the queue."""
        return waiting(QUEUE)

    def deliver(self, times: int = 1) -> list[dict[str, Any]]:
        """Deliver each message in the queue, so many times, and return the messages."""
        messages, url = self.waiting(), queues.url(QUEUE)
        for _ in messages:
            (taken,) = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
            aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=taken["ReceiptHandle"])
        for message in messages * times:
            self._shop.sqs("on-user-mail", [message])
        return messages

    def sent(self, subject: str = "") -> list[SentMail]:
        """Return the mails sent, oldest first, of this subject if one is given."""
        return sent_mails.list_mails(subject)

    def token(self, subject: str) -> str:
        """Deliver the queue, and return the token in the last mail of this subject."""
        self.deliver()
        token = re.search(r"#token=(\S+)", self.sent(subject)[-1].text)
        assert token, "the mail has no token"
        return token[1]
