import json

import pytest

from devcloud import dead_letters


@pytest.fixture
def refunds(cloud):
    client = cloud.client("sqs")
    client.create_queue(QueueName="refunds-dlq")
    return client.create_queue(
        QueueName="refunds",
        Attributes={
            "RedrivePolicy": json.dumps(
                {
                    "deadLetterTargetArn": "arn:aws:sqs:us-east-1:000000000000:refunds-dlq",
                    "maxReceiveCount": 5,
                }
            )
        },
    )["QueueUrl"]


def test_dead_letters_come_back_with_all_they_carry(cloud, refunds):
    client = cloud.client("sqs")
    dead = client.get_queue_url(QueueName="refunds-dlq")["QueueUrl"]
    for number in range(12):
        attributes = {"audience": {"DataType": "String", "StringValue": "admin"}}
        client.send_message(QueueUrl=dead, MessageBody=str(number), MessageAttributes=attributes)
    assert dead_letters.counts(cloud)["refunds"] == 12

    assert dead_letters.redrive(cloud, "refunds") == 12

    assert dead_letters.counts(cloud)["refunds"] == 0
    back = client.receive_message(
        QueueUrl=refunds, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    )["Messages"]
    assert back[0]["MessageAttributes"]["audience"]["StringValue"] == "admin"


def test_a_queue_that_does_not_exist_is_told(cloud):
    with pytest.raises(dead_letters.UnknownQueue, match="no-such-queue"):
        dead_letters.redrive(cloud, "no-such-queue")


def test_looking_at_dead_letters_moves_none_of_them(cloud, refunds):
    client = cloud.client("sqs")
    dead = client.get_queue_url(QueueName="refunds-dlq")["QueueUrl"]
    for number in range(12):
        client.send_message(QueueUrl=dead, MessageBody=str(number))

    assert sorted(dead_letters.peek(cloud, "refunds"), key=int) == [
        str(number) for number in range(12)
    ]

    assert dead_letters.redrive(cloud, "refunds") == 12
