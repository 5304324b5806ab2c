"""The local AWS that these tests start, and what they put into it."""

import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from socket import socket
from typing import Any

from delivery.clouds import Cloud
from devcloud.processes import Process

ROLE = "arn:aws:iam::000000000000:role/may-do-anything"


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


def eventually(look: Callable[[], Any], seconds: float = 10) -> Any:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while not (result := look()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result
