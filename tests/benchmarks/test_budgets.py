"""What a Lambda imports before its first call, and its zip."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pytest

from delivery import packaging
from delivery.paths import ROOT, SERVICES
from devcloud.emulator.patches.parity.lambda_runtime_packages import RUNTIME_PACKAGES

WHEELS = ROOT / "build" / "wheels"
# Importing each of these takes at least a tenth of boto3 with its DynamoDB client.
HEAVY = {
    "boto3",
    "botocore.client",
    "cryptography",
    "jwt",
    "pynamodb",
    "requests",
    "stripe",
    "urllib3",
}
LOADED = """
import json, sys
import app
loaded = {name for name, module in sys.modules.items() if type(module).__name__ != "_LazyModule"}
print(json.dumps(sorted(loaded)))
"""


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each service's zip, unpacked beside the packages of Lambda's runtime."""
    folder = tmp_path_factory.mktemp("unpacked")
    (folder / "runtime").mkdir()
    for name in RUNTIME_PACKAGES:
        os.symlink(Path(boto3.__file__).parents[1] / name, folder / "runtime" / name)
    for name in SERVICES:
        out = ROOT / "build" / f"{name}-local"
        template = packaging.package(ROOT / name, "local", out, WHEELS)
        with zipfile.ZipFile(template.with_name(packaging.ZIP)) as archive:
            archive.extractall(folder / name)
    return {name: folder / name for name in SERVICES}


def loaded(folder: Path, handler: str) -> set[str]:
    """The heavy modules that importing the handler loads in a fresh process."""
    paths = f"{folder}{os.pathsep}{folder.parent / 'runtime'}"
    started = {
        "PYTHONPATH": paths,
        "_HANDLER": handler,
        "STAGE": "local",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
    }
    done = subprocess.run(
        [sys.executable, "-S", "-c", LOADED], env=started, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return HEAVY & set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("service", SERVICES)
def test_an_authorizer_loads_only_what_verifies_tokens(unpacked, service):
    assert loaded(unpacked[service], "app.authorizer") == {"jwt", "cryptography"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_single_purpose_lambda_loads_nothing_heavy_at_start(unpacked, service):
    assert loaded(unpacked[service], "app.any_function") == set()


@pytest.mark.parametrize("service", SERVICES)
def test_the_api_lambda_loads_its_tables_and_no_gateway(unpacked, service):
    own = {"jwt", "cryptography"} if service == "user-service" else set()

    assert loaded(unpacked[service], "app.app") - own == {"pynamodb", "botocore.client", "urllib3"}


def test_packaging_is_reproducible(tmp_path):
    zips = [
        packaging.package(ROOT / "order-service", "dev", tmp_path / again, WHEELS).with_name(
            packaging.ZIP
        )
        for again in ("one", "two")
    ]

    assert zips[0].read_bytes() == zips[1].read_bytes()


@pytest.mark.parametrize("service", SERVICES)
def test_lambdas_run_on_arm64(service):
    template = packaging.package(ROOT / service, "dev", ROOT / "build" / f"{service}-dev", WHEELS)
    functions = [
        resource["Properties"]
        for resource in json.loads(template.read_text())["Resources"].values()
        if resource["Type"] == "AWS::Serverless::Function"
    ]

    assert functions
    assert {tuple(properties["Architectures"]) for properties in functions} == {("arm64",)}
