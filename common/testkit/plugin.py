"""The fixtures of every service's own suite; named in its pytest.ini with `-p testkit.plugin`."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from common import auth, log
from testkit import emf, moto_lock, resources
from testkit.events import Bus, waiting
from testkit.service_client import Api
from testkit.tokens import Tokens

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "MOTO_ALLOW_NONEXISTENT_REGION": "false",
}


def moto() -> AbstractContextManager[Any]:
    """An empty AWS in this process. Clients outlive it: making one takes longer than most tests."""
    return mock_aws(config={"core": {"reset_boto3_session": False}})


def pytest_configure(config: pytest.Config) -> None:
    """Moto warns of every resource that it only pretends to make; the tests do not look at those.

    What a failing test logged is shown once, as the JSON lines on standard output.
    """
    if config.option.showcapture == "all":
        config.option.showcapture = "stdout"
    config.addinivalue_line(
        "filterwarnings", "ignore:Tried to parse .* not supported by moto:UserWarning"
    )


@pytest.fixture(scope="session")
def service(pytestconfig: pytest.Config) -> Path:
    """The folder of the service under test."""
    return pytestconfig.rootpath


@pytest.fixture
def settings(service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the stage `local`, as .chalice/config.json gives it; nothing of this machine's own AWS."""
    for name in (
        "AWS_ENDPOINT_URL",
        "AWS_PROFILE",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_SESSION_TOKEN",
    ):
        monkeypatch.delenv(name, raising=False)
    config = json.loads((service / ".chalice/config.json").read_text())
    stage = config["stages"]["local"].get("environment_variables", {})
    for name, value in {**ENVIRONMENT, **config.get("environment_variables", {}), **stage}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def cloud(service: Path, settings: None) -> Iterator[None]:
    """An empty AWS in this process, with the service's own resources.yml deployed, and the shop's bus and topic."""
    with moto(), moto_lock.one_at_a_time():
        resources.deploy_shared(service)
        resources.deploy(service / "resources.yml")
        yield


@pytest.fixture
def other_tables(service: Path, cloud: None) -> Callable[..., None]:
    """Tables that other services own, as tests/neighbours.json has them: `other_tables("Products", "Inventory")`."""
    return lambda *names: resources.deploy_tables(service, names)


@pytest.fixture
def tokens(cloud: None) -> Iterator[Tokens]:
    """Access tokens as user-service would sign them, and the public key where everybody looks for it."""
    auth.clear_keys()
    yield Tokens.published()
    auth.clear_keys()


@pytest.fixture
def api(service: Path, cloud: None) -> Api:
    """Every way into the service: HTTP, its Lambdas, queues and streams."""
    return Api(service)


@pytest.fixture
def bus(cloud: None) -> Bus:
    """Every event that is put on the bus from now on."""
    return Bus.listened_to()


@pytest.fixture
def measured() -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """What CloudWatch would take of a metric from here on, each value with those of its dimensions: `measured("Revenue")`."""
    written = io.StringIO()
    handler: Any = log.logger.registered_handler
    earlier = handler.setStream(written)
    yield lambda name: [
        (one.value, *(value for _, value in one.dimensions))
        for one in emf.named(written.getvalue(), name)
    ]
    handler.setStream(earlier)


@pytest.fixture
def queue(cloud: None) -> Callable[[str], list[dict[str, object]]]:
    """The messages waiting in a queue, by its name; they stay there."""
    return waiting
