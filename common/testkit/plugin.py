"""The pytest plugin of every service's suite.

Each pytest.ini loads it by `-p testkit.plugin`.
"""

import functools
import gc
import io
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from common import auth, log
from testkit import emf, frame_room, moto_dynamodb, moto_lock, resources
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
    """Start an empty AWS in this process. Clients outlive it, as creating one is slow."""
    return mock_aws(config={"core": {"reset_boto3_session": False}})


def pytest_configure(config: pytest.Config) -> None:
    """Ignore moto's warnings of resources that it does not create, and show logs once."""
    moto_dynamodb.install()
    if config.option.showcapture == "all":
        config.option.showcapture = "stdout"
    config.addinivalue_line(
        "filterwarnings", "ignore:Tried to parse .* not supported by moto:UserWarning"
    )


def pytest_itemcollected(item: pytest.Item) -> None:
    """Set the test up and run it with room for the frames of all that it calls."""
    item.setup = functools.partial(frame_room.call, item.setup)  # type: ignore[method-assign]
    item.runtest = functools.partial(frame_room.call, item.runtest)  # type: ignore[method-assign]


def pytest_collection_finish() -> None:
    """Exempt what is imported by now from garbage collection."""
    gc.freeze()


@pytest.fixture(scope="session")
def service(pytestconfig: pytest.Config) -> Path:
    """The folder of the service under test."""
    return pytestconfig.rootpath


@pytest.fixture
def settings(service: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the stage `local`, without this machine's own AWS settings."""
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
    """An empty AWS with the service's resources.yml, the bus and the topic deployed."""
    with moto(), moto_lock.one_at_a_time():
        resources.deploy_shared(service)
        resources.deploy(service / "resources.yml")
        yield


@pytest.fixture
def other_tables(service: Path, cloud: None) -> Callable[..., None]:
    """Creates tables that other services own: `other_tables("Products", "Inventory")`."""
    return lambda *names: resources.deploy_tables(service, names)


@pytest.fixture
def tokens(cloud: None) -> Iterator[Tokens]:
    """Signs access tokens. The public key is published in SSM."""
    auth.clear_keys()
    yield Tokens.published()
    auth.clear_keys()


@pytest.fixture
def api(service: Path, cloud: None) -> Api:
    """A client of the service: HTTP, Lambdas, queues and streams."""
    return Api(service)


@pytest.fixture
def bus(cloud: None) -> Bus:
    """Every event that is put on the bus from now on."""
    return Bus.subscribe()


@pytest.fixture
def measured() -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Return the values of a metric from now on, with its dimensions.

    As in `measured("Revenue")`.
    """
    written = io.StringIO()
    handler: Any = log.logger.registered_handler
    earlier = handler.setStream(written)
    yield lambda name: [
        (one.value, *(value for _, value in one.dimensions))
        for one in emf.values_of(written.getvalue(), name)
    ]
    handler.setStream(earlier)


@pytest.fixture
def queue(cloud: None) -> Callable[[str], list[dict[str, object]]]:
    """Returns the messages in a queue by its name. They stay there."""
    return waiting
