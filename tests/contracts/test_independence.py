"""A service's folder and `common` suffice to deploy it, in any order of services."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from delivery import cfn, deploy, domain, smoke, stacks
from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES
from devcloud import pipeline
from testkit import suites

TEST_OF_IMPORTS = """from pathlib import Path

import common
import testkit


def test_packages_are_those_beside_the_service(pytestconfig):
    for package in (common, testkit):
        expected = pytestconfig.rootpath.parent / "common"
        assert Path(package.__file__).resolve().parents[1] == expected
"""
# Deletes everything in the local AWS: https://github.com/ministackorg/ministack
RESET = "/_ministack/reset"
DEPLOYED = (
    "import sys\n"
    "from pathlib import Path\n"
    "from delivery import deploy, smoke\n"
    "from delivery.clouds import Cloud\n"
    "service, endpoint, build = sys.argv[1:]\n"
    "deploy.deploy(Cloud(endpoint), [service], 'local', Path(build), print)\n"
    "print(smoke.test(Cloud(endpoint), service, 'local'), 'smoke tests passed')\n"
)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory) -> Iterator[Cloud]:
    with pipeline.bare_cloud(tmp_path_factory.mktemp("bare")) as empty_cloud:
        yield empty_cloud


@pytest.fixture
def bare(cloud) -> Cloud:
    """An empty cloud."""
    httpx.post(cloud.endpoint + RESET, timeout=30).raise_for_status()
    return cloud


def deploy_alone(service: str, cloud: Cloud, build: Path) -> subprocess.CompletedProcess:
    """Deploy a service from a copy of its folder and `common`."""
    with suites.alone(ROOT / service) as copy:
        environment = {**os.environ, "PYTHONPATH": str(copy.parent / "common")}
        command = [sys.executable, "-c", DEPLOYED, service, cloud.endpoint, str(build)]
        return subprocess.run(
            command, cwd=copy.parent, env=environment, capture_output=True, text=True
        )


@pytest.fixture
def build(tmp_path, wheels) -> Path:
    """An empty build folder with the shared wheels."""
    (tmp_path / "wheels").symlink_to(wheels)
    return tmp_path


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_deploys_without_the_others(bare, service, build):
    done = deploy_alone(service, bare, build)

    assert done.returncode == 0, done.stderr
    assert "smoke tests passed" in done.stdout
    assert tables(bare) == declared_tables(service)


def test_a_suite_that_is_alone_imports_the_common_beside_it(capsys):
    with suites.alone(ROOT / "cart-service") as copy:
        for old in (copy / "tests").glob("test_*.py"):
            old.unlink()
        (copy / "tests" / "test_imports.py").write_text(TEST_OF_IMPORTS)
        outcome = suites.run(copy)

    assert (outcome.passed, outcome.failed) == (1, 0), capsys.readouterr().out


ORDERS = {
    "backwards": SERVICES[::-1],
    "from the middle": (*SERVICES[3:], *SERVICES[:3]),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS)
def test_services_deploy_in_any_order(bare, order):
    output: list[str] = []
    for service in order:
        deploy.deploy(bare, [service], "local", ROOT / "build", output.append)
    # A service that was deployed before the owner of a stream it reads is deployed again.
    late = {line.split(":")[0] for line in output if "deploy" in line and "again" in line}
    for service in late:
        deploy.deploy(bare, [service], "local", ROOT / "build", output.append)

    for service in SERVICES:
        assert smoke.test(bare, service, "local")
    mappings = bare.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    streams = {
        mapping["EventSourceArn"].split("table/")[1].split("/")[0]
        for mapping in mappings
        if "table/" in mapping["EventSourceArn"]
    }
    assert {"Orders", "Payments", "Inventory"} <= streams
    assert tables(bare) == set().union(*map(declared_tables, SERVICES))


def tables(cloud: Cloud) -> set[str]:
    return set(cloud.client("dynamodb").list_tables()["TableNames"])


def declared_tables(service: str) -> set[str]:
    resources = cfn.read(ROOT / service / "resources.yml")["Resources"].values()
    return {
        each["Properties"]["TableName"]
        for each in resources
        if each["Type"] == "AWS::DynamoDB::Table"
    }


def test_the_smoke_test_asks_the_domain_too(bare):
    """Once the domain routes to the service: here to nothing that answers."""
    deploy.deploy(bare, ["cart-service"], "local", ROOT / "build", lambda line: None)
    alone = smoke.test(bare, "cart-service", "local")
    routed = {
        "Resources": {"Any": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"CartService": {"Value": "http://127.0.0.1:9"}},
    }
    stacks.deploy(bare, domain.STACK, json.dumps(routed))

    assert alone
    with pytest.raises(smoke.SmokeFailed, match="cart-service on local does not answer"):
        smoke.test(bare, "cart-service", "local")
