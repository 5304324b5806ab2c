"""`chalice deploy --stage dev`, typed bare in each service's folder, on top of the data stacks."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from delivery.clouds import Cloud
from delivery.paths import SERVICES
from testkit.tokens import Tokens
from tests.deployment import deployed, smoke
from tests.deployment.conftest import environment
from tests.deployment.sandbox import STAGE, Deployed, Sandbox

NOTHING = {"routes": {}, "preflights": [], "triggers": {}, "schedules": {}, "lambdas": []}


@pytest.fixture(scope="module")
def tokens(cloud: Cloud) -> Iterator[Tokens]:
    """Signed with a key that is published where user-service would publish its own."""
    with pytest.MonkeyPatch.context() as shell:
        for name, value in environment(cloud).items():
            shell.setenv(name, value)
        yield Tokens.published()


@pytest.fixture(scope="module", params=SERVICES)
def sandbox(request: pytest.FixtureRequest, cloud: Cloud) -> Iterator[Sandbox]:
    """One service's folder by itself, deployed once."""
    with TemporaryDirectory(prefix="sandbox-") as place:
        made = Sandbox.of(request.param, Path(place), cloud)
        made.chalice("deploy")
        yield made


def test_what_app_py_declares_is_what_is_deployed(sandbox: Sandbox) -> None:
    declared = sandbox.declared()

    assert deployed.ways_in(sandbox.cloud, sandbox.service, STAGE) == declared
    assert declared["routes"]
    assert declared["lambdas"]


def test_it_serves(sandbox: Sandbox, tokens: Tokens) -> None:
    # Published anew, as user-service published its own in their place.
    story = smoke.STORIES.get(sandbox.service, smoke.of_any)
    story(Deployed(sandbox.service, sandbox.cloud), tokens.published())


def test_nobody_gets_past_the_authorizer_without_a_token(sandbox: Sandbox) -> None:
    service = Deployed(sandbox.service, sandbox.cloud)
    guarded = [route for route, authorizer in sandbox.declared()["routes"].items() if authorizer]

    answers = {route: service.ask(*route.split(" ")).status_code for route in guarded}

    assert answers == dict.fromkeys(guarded, 401)


def test_a_change_is_served_at_the_same_address_after_another_deploy(sandbox: Sandbox) -> None:
    service = Deployed(sandbox.service, sandbox.cloud)
    address, news = service.url, f"/{sandbox.declared_root()}/news"
    before = service.ask("GET", news)

    sandbox.change()
    sandbox.chalice("deploy")
    answer = service.ask("GET", news)

    assert before.status_code != 200
    assert service.url == address
    assert (answer.json(), answer.headers["X-Shipped"]) == ({"news": True}, "twice")
    assert deployed.ways_in(sandbox.cloud, sandbox.service, STAGE) == sandbox.declared()


def test_deleting_it_leaves_nothing_but_the_data(sandbox: Sandbox) -> None:
    tables = sandbox.cloud.client("dynamodb").list_tables()["TableNames"]

    sandbox.chalice("delete")

    assert deployed.ways_in(sandbox.cloud, sandbox.service, STAGE) == NOTHING
    assert deployed.functions(sandbox.cloud, sandbox.service, STAGE) == []
    assert deployed.roles(sandbox.cloud, sandbox.service, STAGE) == []
    assert sandbox.cloud.client("dynamodb").list_tables()["TableNames"] == tables
