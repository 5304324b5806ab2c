"""A local AWS that is killed is restored as it was a moment before."""

import json
import os
import re
import resource
import signal
import subprocess
import time

import httpx
import pytest

from delivery.clouds import Cloud
from devcloud.emulator import generations, heartbeat, restoring
from devcloud.tests.support.local_aws import (
    allow_everything,
    answers,
    create_table,
    eventually,
    make_function,
    run_aws,
)


@pytest.fixture
def aws(tmp_path):
    """A cloud of its own, and how to kill it and start it again."""
    running = Killable(tmp_path)
    yield running
    running.process.stop()


class Killable:
    def __init__(self, home):
        self.home, self.state = home, home / "aws"
        self.process, self.cloud = run_aws(home)
        self.port = int(self.cloud.endpoint.rsplit(":", 1)[1])

    def client(self, name):
        return self.cloud.client(name)

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        assert eventually(lambda: self.process.pid is None and not answers(self.port))

    def start(self):
        self.process, self.cloud = run_aws(self.home, self.port)

    def kill_and_start(self):
        self.kill()
        self.start()

    def await_saved(self):
        """Wait until nothing has changed since the last saved state."""
        now = time.time_ns()
        assert eventually(lambda: self.last.unchanged_until > now, 20)

    @property
    def last(self):
        return heartbeat.read(self.state) or heartbeat.Heartbeat()


def test_a_killed_aws_loses_at_most_five_seconds(aws):
    create_table(aws.cloud, "rows")
    client, number, end = aws.client("dynamodb"), 0, time.monotonic() + 8
    while time.monotonic() < end:
        number += 1
        client.put_item(
            TableName="rows", Item={"id": {"S": str(number)}, "at": {"N": str(time.time())}}
        )
    killed = time.time()

    aws.kill_and_start()

    rows = aws.client("dynamodb").scan(TableName="rows")["Items"]
    assert killed - max(float(row["at"]["N"]) for row in rows) < 5
    assert len(rows) == max(
        int(row["id"]["S"]) for row in rows
    )  # the first ones up to a moment, without a gap


def test_what_was_saved_before_a_kill_is_restored(aws):
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    aws.client("secretsmanager").create_secret(Name="key", SecretString="value")
    aws.client("s3").create_bucket(Bucket="files")
    aws.client("s3").put_object(Bucket="files", Key="file", Body=b"text")
    stream = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    create_table(aws.cloud, "streamed", StreamSpecification=stream)
    aws.client("dynamodb").put_item(TableName="streamed", Item={"id": {"S": "1"}})
    aws.await_saved()

    aws.kill_and_start()

    assert aws.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    assert aws.client("secretsmanager").get_secret_value(SecretId="key")["SecretString"] == "value"
    assert aws.client("s3").get_object(Bucket="files", Key="file")["Body"].read() == b"text"
    assert [record["dynamodb"]["Keys"] for record in stream_records(aws)] == [{"id": {"S": "1"}}]


def stream_records(aws):
    table = aws.client("dynamodb").describe_table(TableName="streamed")["Table"]
    arn, client = table["LatestStreamArn"], aws.client("dynamodbstreams")
    shard = client.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = client.get_shard_iterator(
        StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    return client.get_records(ShardIterator=iterator)["Records"]


def test_an_idle_aws_saves_nothing_and_records_that_it_is_unchanged(aws):
    aws.client("sqs").create_queue(QueueName="one")
    aws.await_saved()
    generation = aws.last.generation

    moment = time.time_ns() + 3 * 10**9
    assert eventually(lambda: aws.last.unchanged_until > moment)
    aws.client("sqs").list_queues()
    aws.client("dynamodb").list_tables()
    aws.kill()

    restorable = restoring.find(aws.state)
    assert restorable.generation == generation
    assert restorable.ended - restorable.moment < 10**9


def test_at_most_two_states_are_kept(aws):
    for number in range(4):
        aws.client("sqs").create_queue(QueueName=f"queue-{number}")
        aws.await_saved()

    assert len(generations.list_all(aws.state)) == 2


@pytest.mark.parametrize("how", ["stopped", "killed"])
def test_sent_mail_is_there_after_a_restart(aws, how):
    ses = aws.client("ses")
    ses.verify_email_identity(EmailAddress="shop@example.com")
    content = {"Subject": {"Data": "Your order"}, "Body": {"Text": {"Data": "Thank you"}}}
    aws.client("sesv2").send_email(
        FromEmailAddress="shop@example.com",
        Destination={"ToAddresses": ["jane@example.com"]},
        Content={"Simple": content},
    )
    ses.send_email(
        Source="shop@example.com",
        Destination={"ToAddresses": ["jane@example.com"]},
        Message=content,
    )
    aws.client("sns").publish(PhoneNumber="+15555550100", Message="Your order")
    aws.await_saved()

    aws.process.stop() if how == "stopped" else aws.kill()
    aws.start()

    mails = httpx.get(f"{aws.cloud.endpoint}/_ministack/ses/messages").json()["messages"]
    assert [mail["Subject"] for mails_of in mails.values() for mail in mails_of] == [
        "Your order"
    ] * 2
    assert "+15555550100" in httpx.get(f"{aws.cloud.endpoint}/_ministack/sns/sms-messages").text


def test_an_accepted_invocation_is_repeated_after_a_kill(aws, tmp_path):
    allow_everything(aws.cloud)
    source = f"""
import os, time

def handle(event, context):
    if os.path.exists({str(tmp_path / "second")!r}):
        open({str(tmp_path / "done")!r}, "w").write(event["order"])
        return
    open({str(tmp_path / "begun")!r}, "w").close()
    time.sleep(60)
"""
    function = make_function(aws.cloud, "slow", source)
    aws.client("lambda").update_function_configuration(FunctionName="slow", Timeout=120)
    aws.client("lambda").invoke(
        FunctionName=function, InvocationType="Event", Payload=json.dumps({"order": "1"})
    )
    assert eventually((tmp_path / "begun").exists)
    aws.await_saved()

    aws.kill()
    (tmp_path / "second").touch()
    aws.start()

    assert eventually((tmp_path / "done").exists)
    assert eventually(lambda: (tmp_path / "done").read_text()) == "1"


def test_a_lambda_ends_with_the_aws_that_was_killed(aws, tmp_path):
    allow_everything(aws.cloud)
    place = tmp_path / "pid"
    source = f"""
import os, time

def handle(event, context):
    open({str(place)!r}, "w").write(str(os.getpid()))
    time.sleep(60)
"""
    function = make_function(aws.cloud, "busy", source)
    aws.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=b"{}")
    pid = int(eventually(lambda: place.exists() and place.read_text()))

    aws.kill()

    assert eventually(lambda: not _is_alive(pid), 5)


def test_an_idle_lambda_ends_and_starts_again_when_it_is_invoked(tmp_path):
    process, cloud = run_aws(tmp_path, None, "--idle-seconds", "2")
    allow_everything(cloud)
    make_function(
        cloud, "pid", "import os\n\ndef handle(event, context):\n    return os.getpid()\n"
    )

    first = _pid_of(cloud)
    assert eventually(lambda: not _is_alive(first))
    assert _is_alive(_pid_of(cloud))
    process.stop()


def test_a_damaged_state_is_skipped_and_reported(aws):
    for name in ("one", "two"):
        aws.client("sqs").create_queue(QueueName=name)
        aws.await_saved()
    aws.kill()
    newest, before = generations.list_all(aws.state)
    newest.path.write_bytes(newest.path.read_bytes().replace(b'"two"', b'"owt"'))

    restorable = restoring.find(aws.state)
    aws.start()

    assert re.fullmatch(
        r"the state of \S+ cannot be read; that of \S+ was restored", restorable.sentence()
    )
    assert restorable.generation == before.moment
    assert [url.rsplit("/")[-1] for url in aws.client("sqs").list_queues()["QueueUrls"]] == ["one"]


def test_an_aws_without_a_readable_state_starts_empty_and_says_so(aws):
    aws.client("sqs").create_queue(QueueName="one")
    aws.await_saved()
    aws.kill()
    for generation in generations.list_all(aws.state):
        generation.path.write_bytes(b"{}")

    restorable = restoring.find(aws.state)
    aws.start()

    assert "the shop begins empty" in restorable.sentence()
    assert restorable.moment == 0
    assert not aws.client("sqs").list_queues().get("QueueUrls")


def test_a_state_in_the_former_format_is_read(aws):
    aws.client("sqs").create_queue(QueueName="old")
    aws.process.stop()
    _flatten(aws.state)

    aws.start()
    aws.await_saved()

    assert aws.client("sqs").list_queues()["QueueUrls"][0].endswith("/old")
    assert not list(aws.state.glob("*.json"))
    aws.kill_and_start()
    assert aws.client("sqs").list_queues()["QueueUrls"][0].endswith("/old")


def test_a_state_that_does_not_fit_on_the_disk_keeps_the_last_one(aws):
    aws.client("sqs").create_queue(QueueName="kept")
    aws.await_saved()
    size = aws.last.size
    resource.prlimit(aws.process.pid, resource.RLIMIT_FSIZE, (size + 1000, size + 1000))
    queue = aws.client("sqs").create_queue(QueueName="lost")["QueueUrl"]
    aws.client("sqs").send_message(QueueUrl=queue, MessageBody="x" * 100_000)

    aws.process.stop()

    assert not aws.last.is_stopped
    assert "too large" in aws.last.error
    assert not list(aws.state.glob("*.partial"))
    restorable = restoring.find(aws.state)
    assert restorable.sentence().startswith(
        "the shop's last state was not saved (File too large); its state of "
    )
    aws.start()
    assert [url.rsplit("/")[-1] for url in aws.client("sqs").list_queues()["QueueUrls"]] == ["kept"]


def _flatten(state) -> None:
    newest = generations.list_all(state)[0]
    for line in newest.lines():
        known = json.loads(line)
        wrapped = {"__ministack_format__": 2, "payload": known["payload"]}
        (state / f"{known['service']}.json").write_text(json.dumps(wrapped))
    (state / "heartbeat").unlink()
    for generation in generations.list_all(state):
        generation.path.unlink()


def _pid_of(cloud: Cloud) -> int:
    return int(cloud.client("lambda").invoke(FunctionName="pid")["Payload"].read())


def _is_alive(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True
    ).stdout
    return bool(state.strip()) and not state.startswith("Z")
