"""Run one local AWS for all tests, which use names of their own in it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery import stacks
from delivery.clouds import Cloud
from devcloud import machine
from devcloud.tests.support.local_aws import ROLE, allow_everything, make_function, run_aws

machine.prepare()


@pytest.fixture(scope="session")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("cloud")


@pytest.fixture(scope="session")
def cloud(home) -> Iterator[Cloud]:
    process, running = run_aws(home)
    allow_everything(running)
    yield running
    process.stop()


@pytest.fixture
def function(cloud) -> Callable[..., str]:
    """Create a Lambda from source with `handle(event, context)`. Return its ARN."""

    def make(name: str, source: str, role: str = ROLE) -> str:
        return make_function(cloud, name, source, role)

    return make


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
