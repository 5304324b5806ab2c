"""Dead letters: messages that a consumer could not handle, and the way back once it can."""

from localcloud.clouds import Cloud

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
                wanted = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
                found = client.get_queue_attributes(QueueUrl=url, AttributeNames=wanted)["Attributes"]
                counts[name.removesuffix(SUFFIX)] = sum(int(count) for count in found.values())
    return counts


def redrive(cloud: Cloud, queue: str) -> int:
    """Put the queue's dead letters back into it; answers how many. UnknownQueue if there is no such queue.

    A message is deleted only once it has been sent, so one may come twice but none is lost.
    """
    if queue not in waiting(cloud):
        raise UnknownQueue(f"{queue} is not a queue with dead letters; `make redrive` lists them all.")
    client = cloud.client("sqs")
    source = client.get_queue_url(QueueName=queue + SUFFIX)["QueueUrl"]
    target = client.get_queue_url(QueueName=queue)["QueueUrl"]
    moved = 0
    while messages := client.receive_message(
        QueueUrl=source, MaxNumberOfMessages=10, MessageAttributeNames=["All"], VisibilityTimeout=60
    ).get("Messages"):
        for message in messages:
            attributes = message.get("MessageAttributes", {})
            client.send_message(QueueUrl=target, MessageBody=message["Body"], MessageAttributes=attributes)
            client.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved
