"""`chalice deploy --stage dev` in each service's folder, after the data stacks."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from delivery.clouds import Cloud
from delivery.paths import SERVICES
from testkit.tokens import Tokens
from tests.deployment import deployed, smoke_scenarios
from tests.deployment.environment import variables
from tests.deployment.sandbox import STAGE, Deployed, Sandbox

NOTHING = {"routes": {}, "preflights": [], "triggers": {}, "schedules": {}, "lambdas": []}


@pytest.fixture(scope="module")
def tokens(cloud: Cloud) -> Iterator[Tokens]:
    """Tokens signed with a key that is published as user-service would."""
    with pytest.MonkeyPatch.context() as shell:
        for name, value in variables(cloud).items():
            shell.setenv(name, value)
        yield Tokens.published()


@pytest.fixture(scope="module", params=SERVICES)
def sandbox(request: pytest.FixtureRequest, cloud: Cloud) -> Iterator[Sandbox]:
    """A copy of one service, deployed once."""
    with TemporaryDirectory(prefix="sandbox-") as place:
        sandbox = Sandbox.create(request.param, Path(place), cloud)
        sandbox.chalice("deploy")
        yield sandbox


def test_app_py_and_the_deployed_service_agree(sandbox: Sandbox) -> None:
    declared = sandbox.declared()

    assert deployed.entry_points(sandbox.cloud, sandbox.service, STAGE) == declared
    assert declared["routes"]
    assert declared["lambdas"]


def test_the_deployed_service_works(sandbox: Sandbox, tokens: Tokens) -> None:
    check = smoke_scenarios.SCENARIOS.get(sandbox.service, smoke_scenarios.check_any_service)
    # Published again, because user-service publishes its own key.
    check(Deployed(sandbox.service, sandbox.cloud), tokens.published())


def test_the_authorizer_rejects_requests_without_a_token(sandbox: Sandbox) -> None:
    service = Deployed(sandbox.service, sandbox.cloud)
    guarded = [route for route, authorizer in sandbox.declared()["routes"].items() if authorizer]

    answers = {route: service.request(*route.split(" ")).status_code for route in guarded}

    assert answers == dict.fromkeys(guarded, 401)


def test_a_second_deploy_serves_the_change_at_the_same_url(sandbox: Sandbox) -> None:
    service = Deployed(sandbox.service, sandbox.cloud)
    url, path = service.url, f"/{sandbox.declared_root()}/added"
    before = service.request("GET", path)

    sandbox.add_route()
    sandbox.chalice("deploy")
    answer = service.request("GET", path)

    assert before.status_code != 200
    assert service.url == url
    assert (answer.json(), answer.headers["X-Added"]) == ({"added": True}, "yes")
    assert deployed.entry_points(sandbox.cloud, sandbox.service, STAGE) == sandbox.declared()


def test_chalice_delete_leaves_nothing_but_the_data(sandbox: Sandbox) -> None:
    tables = sandbox.cloud.client("dynamodb").list_tables()["TableNames"]

    sandbox.chalice("delete")

    assert deployed.entry_points(sandbox.cloud, sandbox.service, STAGE) == NOTHING
    assert deployed.functions(sandbox.cloud, sandbox.service, STAGE) == []
    assert deployed.roles(sandbox.cloud, sandbox.service, STAGE) == []
    assert sandbox.cloud.client("dynamodb").list_tables()["TableNames"] == tables
