"""Dead letters: messages that a consumer could not handle, and the way back once it can."""

from typing import Any

from delivery.clouds import Cloud

SUFFIX = "-dlq"


class UnknownQueue(LookupError):
    """There is no such queue, or it has no dead-letter queue."""


def waiting(cloud: Cloud) -> dict[str, int]:
    """Every queue that has a dead-letter queue, and how many dead letters are in it."""
    client = cloud.client("sqs")
    counts = {}
    for page in client.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            name = url.rsplit("/", 1)[-1]
            if name.endswith(SUFFIX):
                count_names = [
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                ]
                found = client.get_queue_attributes(QueueUrl=url, AttributeNames=count_names)[
                    "Attributes"
                ]
                counts[name.removesuffix(SUFFIX)] = sum(int(count) for count in found.values())
    return counts


def look(cloud: Cloud, queue: str) -> list[str]:
    """The bodies of the queue's dead letters, which stay where they are. UnknownQueue if there is no such queue."""
    client, source = cloud.client("sqs"), _source(cloud, queue)
    bodies, seen = [], []
    while messages := _received(client, source):
        bodies += [message["Body"] for message in messages]
        seen += [message["ReceiptHandle"] for message in messages]
    for handle in seen:
        client.change_message_visibility(QueueUrl=source, ReceiptHandle=handle, VisibilityTimeout=0)
    return bodies


def redrive(cloud: Cloud, queue: str) -> int:
    """Put the queue's dead letters back into it; answers how many. UnknownQueue if there is no such queue.

    A message is deleted only once it has been sent, so one may come twice but none is lost.
    """
    client, source = cloud.client("sqs"), _source(cloud, queue)
    target = client.get_queue_url(QueueName=queue)["QueueUrl"]
    moved = 0
    while messages := _received(client, source):
        for message in messages:
            attributes = message.get("MessageAttributes", {})
            client.send_message(
                QueueUrl=target, MessageBody=message["Body"], MessageAttributes=attributes
            )
            client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


def _source(cloud: Cloud, queue: str) -> str:
    if queue not in waiting(cloud):
        raise UnknownQueue(
            f"{queue} is not a queue with dead letters; `make redrive` lists them all."
        )
    url: str = cloud.client("sqs").get_queue_url(QueueName=queue + SUFFIX)["QueueUrl"]
    return url


def _received(client: Any, url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=60
    ).get("Messages", [])
    return found
