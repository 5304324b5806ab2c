"""What goes into the zips that are deployed."""

import json
import zipfile
from pathlib import Path

import pytest

from delivery import packaging, wheels
from delivery.paths import ROOT, SERVICES

WHEELS = ROOT / "build" / "wheels"
MOST_BYTES = (
    8_000_000  # a larger zip takes longer to load at a cold start; raising this is a decision
)


@pytest.fixture(scope="module")
def packages() -> dict[str, Path]:
    """The template of each service, packaged for this machine; its zip lies beside it."""
    roots = [ROOT / name for name in SERVICES]
    wheels.gather(roots, packaging.target_architecture(roots[0], "local"), WHEELS)
    return {
        root.name: packaging.package(root, "local", ROOT / "build" / f"{root.name}-local", WHEELS)
        for root in roots
    }


def contents(template: Path) -> set[str]:
    with zipfile.ZipFile(template.with_name(packaging.ZIP)) as archive:
        return set(archive.namelist())


@pytest.mark.parametrize("service", SERVICES)
def test_a_zip_holds_the_service_and_all_of_common(packages, service):
    held = contents(packages[service])

    shared = {f"common/{path.name}" for path in (ROOT / "common/common").glob("*.py")}
    own = {
        str(path.relative_to(ROOT / service)) for path in (ROOT / service).glob("chalicelib/*/*.py")
    }
    assert {"app.py", *shared, *own} <= held


@pytest.mark.parametrize("service", SERVICES)
def test_a_zip_holds_nothing_that_only_development_needs_or_the_runtime_has(packages, service):
    tops = {name.split("/")[0] for name in contents(packages[service])}

    assert not tops & {
        "testkit",
        "localcloud",
        "tests",
        "moto",
        "pytest",
        "hypothesis",
        "ministack",
        "starlette",
    }
    assert not tops & {"boto3", "botocore", "s3transfer", "bin"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_lambda_can_hold_it(packages, service):
    with zipfile.ZipFile(packages[service].with_name(packaging.ZIP)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())

    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    assert unpacked < 250 * 1024 * 1024


@pytest.mark.parametrize("service", SERVICES)
def test_a_zip_for_aws_stays_within_its_budget(service):
    template = packaging.package(ROOT / service, "dev", ROOT / "build" / f"{service}-dev", WHEELS)

    size = template.with_name(packaging.ZIP).stat().st_size

    assert size <= MOST_BYTES, (
        f"{size:,} bytes: see common/delivery/prune.py for what may be left out"
    )


@pytest.mark.parametrize("service", SERVICES)
def test_every_function_is_named_so_that_the_state_machine_finds_it(packages, service):
    resources = json.loads(packages[service].read_text())["Resources"].values()
    names = {
        resource["Properties"]["FunctionName"]
        for resource in resources
        if resource["Type"] == "AWS::Serverless::Function"
    }

    assert all(name.startswith(f"{service}-local") for name in names)
    assert {f"{service}-local", f"{service}-local-authorizer"} <= names
