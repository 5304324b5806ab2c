"""A local AWS that is killed comes back as it was a moment before, and never half of anything."""

import json
import os
import re
import resource
import signal
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.aws import generations, heartbeat, restoring
from localcloud.clouds import Cloud
from localcloud.processes import Process
from localcloud.tests.conftest import allow_everything, eventually, make_function, run_aws

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
KEY = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
KEY |= {"AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}]}


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
        assert eventually(lambda: self.process.pid is None)

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


def table(cloud: Cloud, name: str, **settings) -> None:
    cloud.client("dynamodb").create_table(TableName=name, BillingMode="PAY_PER_REQUEST", **KEY, **settings)


def test_a_killed_aws_has_lost_at_most_five_seconds(aws):
    table(aws.cloud, "rows")
    client, number, end = aws.client("dynamodb"), 0, time.monotonic() + 8
    while time.monotonic() < end:
        number += 1
        client.put_item(TableName="rows", Item={"id": {"S": str(number)}, "at": {"N": str(time.time())}})
    killed = time.time()

    aws.kill_and_start()

    rows = aws.client("dynamodb").scan(TableName="rows")["Items"]
    assert killed - max(float(row["at"]["N"]) for row in rows) < 5
    assert len(rows) == max(int(row["id"]["S"]) for row in rows)  # the first ones up to a moment, without a gap


def test_what_was_there_a_while_ago_is_not_lost_at_all(aws):
    sqs = aws.client("sqs")
    queue = sqs.create_queue(QueueName="letters")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody="hello")
    aws.client("secretsmanager").create_secret(Name="key", SecretString="value")
    aws.client("s3").create_bucket(Bucket="files")
    aws.client("s3").put_object(Bucket="files", Key="file", Body=b"text")
    aws.await_saved()

    aws.kill_and_start()

    assert aws.client("sqs").receive_message(QueueUrl=queue)["Messages"][0]["Body"] == "hello"
    assert aws.client("secretsmanager").get_secret_value(SecretId="key")["SecretString"] == "value"
    assert aws.client("s3").get_object(Bucket="files", Key="file")["Body"].read() == b"text"


def test_an_idle_aws_saves_nothing_and_still_says_until_when_it_was_so(aws):
    aws.client("sqs").create_queue(QueueName="one")
    aws.await_saved()
    generation = aws.last.generation

    moment = time.time_ns() + 3 * 10**9
    assert eventually(lambda: aws.last.unchanged_until > moment)
    aws.client("sqs").list_queues()
    aws.client("dynamodb").list_tables()
    aws.kill()

    found = restoring.find(aws.state)
    assert found.generation == generation
    assert found.ended - found.moment < 10**9


def test_at_most_two_states_are_kept(aws):
    for number in range(4):
        aws.client("sqs").create_queue(QueueName=f"queue-{number}")
        aws.await_saved()

    assert len(generations.every(aws.state)) == 2


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
        Source="shop@example.com", Destination={"ToAddresses": ["jane@example.com"]}, Message=content
    )
    aws.client("sns").publish(PhoneNumber="+15555550100", Message="Your order")
    aws.await_saved()

    aws.process.stop() if how == "stopped" else aws.kill()
    aws.start()

    import httpx

    mails = httpx.get(f"{aws.cloud.endpoint}/_ministack/ses/messages").json()["messages"]
    assert [mail["Subject"] for mails_of in mails.values() for mail in mails_of] == ["Your order"] * 2
    assert "+15555550100" in httpx.get(f"{aws.cloud.endpoint}/_ministack/sns/sms-messages").text


def test_an_accepted_invocation_is_carried_out_after_a_kill(aws, tmp_path):
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


def test_an_idle_lambda_ends_and_is_there_again_when_it_is_called(tmp_path):
    from localcloud.tests.conftest import answers, free_port

    process, port = Process(tmp_path, "aws"), free_port()
    process.start(
        "localcloud.aws.server", ["--port", str(port), "--dir", str(tmp_path), "--idle-seconds", "2"], {}
    )
    process.await_answer(lambda: answers(port))
    cloud = Cloud(f"http://127.0.0.1:{port}")
    allow_everything(cloud)
    make_function(cloud, "pid", "import os\n\ndef handle(event, context):\n    return os.getpid()\n")

    first = _pid_of(cloud)
    assert eventually(lambda: not _is_alive(first))
    assert _is_alive(_pid_of(cloud))
    process.stop()


def test_a_damaged_state_is_passed_over_and_that_is_said(aws):
    for name in ("one", "two"):
        aws.client("sqs").create_queue(QueueName=name)
        aws.await_saved()
    aws.kill()
    newest, before = generations.every(aws.state)
    newest.path.write_bytes(newest.path.read_bytes().replace(b'"two"', b'"owt"'))

    found = restoring.find(aws.state)
    aws.start()

    assert re.fullmatch(
        r"the state of \S+ cannot be read; that of \S+ was restored", found.sentence()
    )
    assert found.generation == before.moment
    assert [url.rsplit("/")[-1] for url in aws.client("sqs").list_queues()["QueueUrls"]] == ["one"]


def test_without_any_readable_state_that_is_said_and_it_begins_empty(aws):
    aws.client("sqs").create_queue(QueueName="one")
    aws.await_saved()
    aws.kill()
    for generation in generations.every(aws.state):
        generation.path.write_bytes(b"{}")

    found = restoring.find(aws.state)
    aws.start()

    assert "the shop begins empty" in found.sentence()
    assert found.moment == 0
    assert not aws.client("sqs").list_queues().get("QueueUrls")


def test_the_state_of_an_earlier_version_is_read(aws):
    aws.client("sqs").create_queue(QueueName="old")
    aws.process.stop()
    _flatten(aws.state)

    aws.start()
    aws.await_saved()

    assert aws.client("sqs").list_queues()["QueueUrls"][0].endswith("/old")
    assert not list(aws.state.glob("*.json"))
    aws.kill_and_start()
    assert aws.client("sqs").list_queues()["QueueUrls"][0].endswith("/old")


def test_a_state_that_does_not_fit_on_the_disk_leaves_the_last_one_and_is_told(aws):
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
    found = restoring.find(aws.state)
    assert found.sentence().startswith("the shop's last state was not saved (File too large); its state of ")
    aws.start()
    assert [url.rsplit("/")[-1] for url in aws.client("sqs").list_queues()["QueueUrls"]] == ["kept"]


def test_no_snapshot_shows_half_a_transaction_nor_an_item_without_its_stream_record(aws):
    for name in ("left", "right"):
        table(aws.cloud, name, StreamSpecification=STREAM)
    over, seen = threading.Event(), set[int]()

    def write(writer: int) -> None:
        client, number = aws.cloud.client("dynamodb"), 0
        while not over.is_set():
            number += 1
            item = {"id": {"S": f"{writer}-{number}"}}
            put = [{"Put": {"TableName": name, "Item": item}} for name in ("left", "right")]
            client.transact_write_items(TransactItems=put)

    with ThreadPoolExecutor(6) as pool:
        written = [pool.submit(write, writer) for writer in range(6)]
        end = time.monotonic() + 60
        while len(seen) < 4 and time.monotonic() < end:
            for generation in generations.every(aws.state):
                if generation.moment not in seen:
                    seen.add(generation.moment)
                    _assert_whole(generation)
            time.sleep(0.2)
        over.set()
    assert [each.result() for each in written] == [None] * 6
    assert len(seen) >= 4


def test_no_snapshot_shows_an_execution_that_ended_without_its_output_and_its_event(aws):
    allow_everything(aws.cloud)
    sqs, events = aws.client("sqs"), aws.client("events")
    queue = sqs.create_queue(QueueName="ended")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow | {"Resource": arn}]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    pattern = json.dumps({"source": ["aws.states"], "detail": {"status": ["SUCCEEDED"]}})
    events.put_rule(Name="ended", EventPattern=pattern)
    events.put_targets(Rule="ended", Targets=[{"Id": "queue", "Arn": arn}])
    client = aws.client("stepfunctions")
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Pass", "End": True}}}
    machine = client.create_state_machine(
        name="quick",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::000000000000:role/may-do-anything",
    )["stateMachineArn"]
    seen, number, end = set[int](), 0, time.monotonic() + 60
    while len(seen) < 3 and time.monotonic() < end:
        for number in range(number + 1, number + 20):
            client.start_execution(stateMachineArn=machine, name=f"n{number}", input="{}")
        for generation in generations.every(aws.state):
            if generation.moment not in seen:
                seen.add(generation.moment)
                _assert_announced(generation)
    assert len(seen) >= 3


def _assert_whole(generation) -> None:
    state = _state_of(generation)

    tables = {key.split("\0")[2]: value for key, value in state["tables"]["data"].items()}
    left, right = (set(tables[f"'{name}'"]["items"]) for name in ("left", "right"))
    assert left == right
    for name, items in (("left", left), ("right", right)):
        records = next(
            value
            for key, value in state["stream_records"]["data"].items()
            if key.split("\0")[2] == f"'{name}'"
        )
        assert {record["dynamodb"]["Keys"]["id"]["S"] for record in records} == items



def _assert_announced(generation) -> None:
    executions = _state_of(generation, "stepfunctions")["executions"]["data"].values()
    ended = {each["name"] for each in executions if each["status"] == "SUCCEEDED"}
    assert all(each["output"] and each["stopDate"] for each in executions if each["name"] in ended)
    queues = _state_of(generation, "sqs")["queues"]["data"].values()
    messages = [json.loads(message["body"]) for queue in queues for message in queue["messages"]]
    assert {message["detail"]["name"] for message in messages} == ended


def _state_of(generation, service="dynamodb"):
    return next(
        json.loads(line)["payload"]
        for line in generation.lines()
        if line.startswith(b'{"service": "%s"' % service.encode())
    )


def _flatten(state) -> None:
    newest = generations.every(state)[0]
    for line in newest.lines():
        known = json.loads(line)
        wrapped = {"__ministack_format__": 2, "payload": known["payload"]}
        (state / f"{known['service']}.json").write_text(json.dumps(wrapped))
    (state / "heartbeat").unlink()
    for generation in generations.every(state):
        generation.path.unlink()


def _pid_of(cloud: Cloud) -> int:
    return int(cloud.client("lambda").invoke(FunctionName="pid")["Payload"].read())


def _is_alive(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.startswith("Z")
