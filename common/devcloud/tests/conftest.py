"""Run one local AWS for all tests, which use names of their own in it."""

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import Message
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from queue import Queue
from socket import socket
from typing import Any

import pytest

from delivery import stacks
from delivery.clouds import Cloud
from devcloud import machine
from devcloud.processes import Process

machine.prepare()

ROLE = "arn:aws:iam::000000000000:role/may-do-anything"


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def cloud(home) -> Iterator[Cloud]:
    process, running = run_aws(home)
    allow_everything(running)
    yield running
    process.stop()


def run_aws(home: Path, port: int | None = None, *arguments: str) -> tuple[Process, Cloud]:
    port = port or free_port()
    process = Process(home, "aws")
    process.start(
        "devcloud.emulator.server", ["--port", str(port), "--dir", str(home), *arguments], {}
    )
    process.await_answer(lambda: answers(port))
    return process, Cloud(f"http://127.0.0.1:{port}")


def free_port() -> int:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(port: int) -> bool:
    with socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def create_table(cloud: Cloud, name: str, **settings: Any) -> None:
    """A table whose only key is the text `id`."""
    cloud.client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        **settings,
    )


def allow_everything(cloud: Cloud) -> None:
    everything = {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"},
    }
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "states.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    iam = cloud.client("iam")
    iam.create_role(RoleName="may-do-anything", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(
        RoleName="may-do-anything", PolicyName="everything", PolicyDocument=json.dumps(everything)
    )


@pytest.fixture
def function(cloud) -> Callable[..., str]:
    """Create a Lambda from source with `handle(event, context)`. Return its ARN."""

    def make(name: str, source: str, role: str = ROLE) -> str:
        return make_function(cloud, name, source, role)

    return make


def make_function(cloud: Cloud, name: str, source: str, role: str = ROLE) -> str:
    return cloud.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.11",
        Role=role,
        Handler="main.handle",
        Code={"ZipFile": zipped(source)},
        Timeout=10,
    )["FunctionArn"]


def zipped(source: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.py", source)
    return file.getvalue()


@pytest.fixture
def invoke(cloud) -> Callable[..., Any]:
    def call(name: str, event: Any = None) -> Any:
        answer = cloud.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read())

    return call


@pytest.fixture
def stack(cloud) -> Callable[..., None]:
    def deploy(name: str, resources: dict[str, Any], **outputs: Any) -> None:
        template = {
            "Resources": resources,
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        stacks.deploy(cloud, name, json.dumps(template))

    return deploy


def eventually(look: Callable[[], Any], seconds: float = 10) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (result := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result


@contextmanager
def listening(read: Callable[[bytes, Message], Any]) -> Iterator[Any]:
    """Receive webhooks: `received` is a queue of what `read` returns for each.

    Statuses put into `answers` are used up first, one per request.
    """

    class Inbox(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = server.answers.get_nowait() if not server.answers.empty() else 200
            self.send_response(status)
            self.end_headers()
            if status == 200:
                server.received.put(read(body, self.headers))

        def log_message(self, *_: Any) -> None:
            pass

    server: Any = HTTPServer(("127.0.0.1", 0), Inbox)
    server.received, server.answers = Queue(), Queue()
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
