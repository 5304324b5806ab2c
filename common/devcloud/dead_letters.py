"""Count, read and redrive dead letters: messages that a consumer could not handle."""

from typing import Any

from delivery.clouds import Cloud

SUFFIX = "-dlq"


class UnknownQueue(LookupError):
    """There is no such queue, or it has no dead-letter queue."""


def counts(cloud: Cloud) -> dict[str, int]:
    """Return the number of dead letters of every queue that has a dead-letter queue."""
    client = cloud.client("sqs")
    numbers = {}
    for page in client.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            name = url.rsplit("/", 1)[-1]
            if name.endswith(SUFFIX):
                count_names = [
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ]
                attributes = client.get_queue_attributes(QueueUrl=url, AttributeNames=count_names)[
                    "Attributes"
                ]
                numbers[name.removesuffix(SUFFIX)] = sum(
                    int(count) for count in attributes.values()
                )
    return numbers


def peek(cloud: Cloud, queue: str) -> list[str]:
    """Return the bodies of a queue's dead letters without moving them.

    Raises: UnknownQueue.
    """
    client, source = cloud.client("sqs"), _dead_letter_url(cloud, queue)
    bodies, seen = [], []
    while messages := _receive(client, source):
        bodies += [message["Body"] for message in messages]
        seen += [message["ReceiptHandle"] for message in messages]
    for handle in seen:
        client.change_message_visibility(QueueUrl=source, ReceiptHandle=handle, VisibilityTimeout=0)
    return bodies


def redrive(cloud: Cloud, queue: str) -> int:
    """Move a queue's dead letters back. Returns how many. Raises: UnknownQueue.

    At least once: a message is deleted only after it has been sent.
    """
    client, source = cloud.client("sqs"), _dead_letter_url(cloud, queue)
    target = client.get_queue_url(QueueName=queue)["QueueUrl"]
    moved = 0
    while messages := _receive(client, source):
        for message in messages:
            attributes = message.get("MessageAttributes", {})
            client.send_message(
                QueueUrl=target, MessageBody=message["Body"], MessageAttributes=attributes
            )
            client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


def _dead_letter_url(cloud: Cloud, queue: str) -> str:
    if queue not in counts(cloud):
        raise UnknownQueue(
            f"{queue} is not a queue with dead letters; `make redrive` lists them all."
        )
    url: str = cloud.client("sqs").get_queue_url(QueueName=queue + SUFFIX)["QueueUrl"]
    return url


def _receive(client: Any, url: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=60
    ).get("Messages", [])
    return messages
