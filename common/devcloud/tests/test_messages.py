import json

import httpx

from devcloud.tests.support.local_aws import eventually

COUNTS_THEN_FAILS = """
import boto3

def handle(event, context):
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName="attempts")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="tried")
    raise ValueError("not yet")
"""
FAILS_AT_POISON = """
import boto3

def handle(event, context):
    ids = [record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]]
    if "poison" in ids:
        raise ValueError("poison")
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName="seen")["QueueUrl"]
    for each in ids:
        sqs.send_message(QueueUrl=queue, MessageBody=each)
"""


def queue(cloud, name, policy=None):
    attributes = {"Policy": json.dumps(policy)} if policy else {}
    return cloud.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]


def bodies(cloud, url):
    received = (
        cloud.client("sqs")
        .receive_message(QueueUrl=url, MaxNumberOfMessages=10)
        .get("Messages", [])
    )
    return [message["Body"] for message in received]


def arn(name):
    return f"arn:aws:sqs:us-east-1:000000000000:{name}"


def rule(cloud, name, target):
    events = cloud.client("events")
    events.put_rule(Name=name, EventPattern=json.dumps({"source": [name]}))
    events.put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target}])


def publish(cloud, source):
    cloud.client("events").put_events(
        Entries=[{"Source": source, "DetailType": "Happened", "Detail": "{}"}]
    )


def test_a_rule_sends_only_to_a_queue_whose_policy_allows_it(cloud):
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sqs:SendMessage",
                "Resource": arn("allows"),
            }
        ],
    }
    open_queue, closed_queue = queue(cloud, "allows", policy), queue(cloud, "denies")
    rule(cloud, "open", arn("allows"))
    rule(cloud, "closed", arn("denies"))

    publish(cloud, "closed")
    publish(cloud, "open")

    assert len(eventually(lambda: bodies(cloud, open_queue))) == 1
    assert bodies(cloud, closed_queue) == []


def test_a_rule_retries_a_lambda_that_failed(cloud, function):
    attempts = queue(cloud, "attempts")
    rule(cloud, "calls", function("counts-then-fails", COUNTS_THEN_FAILS))

    publish(cloud, "calls")

    assert eventually(lambda: bodies(cloud, attempts)) == ["tried"]
    assert eventually(lambda: bodies(cloud, attempts)) == ["tried"]


def test_a_stream_record_that_keeps_failing_is_discarded(cloud, function):
    seen = queue(cloud, "seen")
    dynamodb = cloud.client("dynamodb")
    table = dynamodb.create_table(
        TableName="Streamed",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
    )["TableDescription"]
    for each in ("first", "poison", "last"):
        dynamodb.put_item(TableName="Streamed", Item={"id": {"S": each}})

    cloud.client("lambda").create_event_source_mapping(
        FunctionName=function("fails-at-poison", FAILS_AT_POISON),
        EventSourceArn=table["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        MaximumRetryAttempts=1,
        BisectBatchOnFunctionError=True,
    )

    discarded = []
    eventually(lambda: discarded.extend(bodies(cloud, seen)) or len(discarded) == 2, seconds=20)
    assert discarded == ["first", "last"]


def test_an_email_subscription_gets_the_messages_of_its_filter(cloud):
    sns = cloud.client("sns")
    topic = sns.create_topic(Name="events")["TopicArn"]
    for audience in ("admin", "inventory"):
        sns.subscribe(
            TopicArn=topic,
            Protocol="email",
            Endpoint=f"{audience}@example.com",
            Attributes={"FilterPolicy": json.dumps({"audience": [audience]})},
        )

    sns.publish(
        TopicArn=topic,
        Subject="Sold out",
        Message="No more pens",
        MessageAttributes={"audience": {"DataType": "String", "StringValue": "admin"}},
    )

    sent = httpx.get(f"{cloud.endpoint}/_ministack/ses/messages").json()["messages"]["000000000000"]
    assert [(mail["To"], mail["Subject"], mail["BodyText"]) for mail in sent] == [
        (["admin@example.com"], "Sold out", "No more pens")
    ]


def test_a_queue_that_requires_tls_accepts_what_comes_from_this_machine(cloud):
    denial = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn("encrypted")}
    denial["Condition"] = {"Bool": {"aws:SecureTransport": "false"}}
    encrypted = queue(cloud, "encrypted", {"Version": "2012-10-17", "Statement": [denial]})

    cloud.client("sqs").send_message(QueueUrl=encrypted, MessageBody="here")

    assert bodies(cloud, encrypted) == ["here"]
