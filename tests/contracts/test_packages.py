"""What goes into the zips that are deployed."""

import json
import zipfile
from pathlib import Path

import pytest

from delivery import packaging, wheels
from delivery.paths import ROOT, SERVICES

WHEELS = ROOT / "build" / "wheels"
MAX_BYTES = 8_000_000  # a larger zip slows cold starts; raising this is a decision


@pytest.fixture(scope="module")
def packages() -> dict[str, Path]:
    """The packaged template of each service, beside its zip, for this machine."""
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
def test_a_zip_holds_no_development_or_runtime_packages(packages, service):
    tops = {name.split("/")[0] for name in contents(packages[service])}

    assert not tops & {
        "delivery",
        "devcloud",
        "docgen",
        "scaffold",
        "testkit",
        "tests",
        "moto",
        "pytest",
        "hypothesis",
        "ministack",
        "starlette",
    }
    assert not tops & {"boto3", "botocore", "s3transfer", "bin"}


def test_a_zip_holds_the_data_that_its_service_reads(packages):
    """What checks addresses needs the rules, a file beside the modules."""
    rules = "common/address_rules.json"

    holders = {name for name, template in packages.items() if rules in contents(template)}

    assert holders == {"checkout-orchestrator", "order-service", "user-service"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_zip_is_within_lambdas_limit(packages, service):
    with zipfile.ZipFile(packages[service].with_name(packaging.ZIP)) as archive:
        unpacked = sum(entry.file_size for entry in archive.infolist())

    # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
    assert unpacked < 250 * 1024 * 1024


@pytest.mark.parametrize("service", SERVICES)
def test_a_zip_for_aws_is_within_the_budget(service):
    template = packaging.package(ROOT / service, "dev", ROOT / "build" / f"{service}-dev", WHEELS)

    size = template.with_name(packaging.ZIP).stat().st_size

    assert size <= MAX_BYTES, (
        f"{size:,} bytes: see common/delivery/prune.py for what may be left out"
    )


def test_a_layer_is_for_the_lambdas_that_need_it(packages):
    resources = json.loads(packages["order-service"].read_text())["Resources"]
    holders = [name for name, one in resources.items() if one["Properties"].get("Layers")]
    file = resources["DocumentsLayer"]["Properties"]["Content"]["S3Key"]
    with zipfile.ZipFile(packages["order-service"].with_name(file)) as archive:
        names = set(archive.namelist())

    assert holders == ["IssueInvoice"]
    assert "python/reportlab/__init__.pyc" in names
    assert not any("reportlab" in name for name in contents(packages["order-service"]))


@pytest.mark.parametrize("service", SERVICES)
def test_every_function_has_the_name_that_the_saga_calls(packages, service):
    resources = json.loads(packages[service].read_text())["Resources"].values()
    names = {
        resource["Properties"]["FunctionName"]
        for resource in resources
        if resource["Type"] == "AWS::Serverless::Function"
    }

    assert all(name.startswith(f"{service}-local") for name in names)
    assert {f"{service}-local", f"{service}-local-authorizer"} <= names
