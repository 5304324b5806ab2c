"""The commands of the Serverless Framework's MIT fork that the README names."""

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES
from tests.deployment.environment import variables

_PROGRAMS = ROOT / "node_modules/.bin"
_QUIET = {"SLS_TELEMETRY_DISABLED": "1", "SLS_NOTIFICATIONS_MODE": "off", "NODE_NO_WARNINGS": "1"}
_NO_NETWORK = dict.fromkeys(
    ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9"
)
_FILES = ("serverless.yml", "resources.yml")
PARAMETERS = {
    "ADMIN_EMAIL": "jane@example.com",
    "INVENTORY_EMAIL": "stock@example.com",
    "EXEMPT_ADDRESSES": "198.51.100.7/32",
    "MANAGED_RULES": "Count",
    "TEAM_MAILS": "1",
    "MAIL_DOMAIN": "example.com",
}


def require_node() -> None:
    """Skip the test without Node, or fail it in CI, where nobody would notice."""
    if shutil.which("node") and (_PROGRAMS / "osls").exists():
        return
    missing = "this test needs Node 20.19 or newer, and `make framework` once"
    if os.environ.get("CI"):
        pytest.fail(missing)
    pytest.skip(missing)


def copy(place: Path) -> Path:
    """Copy what the framework needs, so that it writes nothing into the repository."""
    for name in SERVICES:
        (place / name).mkdir()
        for file in _FILES:
            shutil.copy(ROOT / name / file, place / name / file)
    shutil.copy(ROOT / "serverless-compose.yml", place)
    return place


def package(folder: Path) -> None:
    """Run `npx osls package` without credentials and without network.

    Addresses that are not given would be looked up in the account.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    _run("osls", ["package"], folder, inherited | _NO_NETWORK | PARAMETERS)


def deploy(folder: Path, cloud: Cloud, addresses: Mapping[str, str]) -> None:
    """Run `npx osls deploy --stage dev` in a service's folder."""
    inherited = {name: value for name, value in os.environ.items() if name not in PARAMETERS}
    expected = inherited | variables(cloud) | dict(addresses)
    _run("osls", ["deploy", "--stage", "dev"], folder, expected)


def deploy_all(folder: Path, cloud: Cloud) -> None:
    """Run `npx osls-compose deploy --stage dev` at the root."""
    _run("osls-compose", ["deploy", "--stage", "dev"], folder, os.environ | variables(cloud))


def remove(folder: Path, cloud: Cloud) -> None:
    """Run `npx osls remove --stage dev` in a service's folder."""
    _run("osls", ["remove", "--stage", "dev"], folder, os.environ | variables(cloud))


def _run(program: str, arguments: list[str], folder: Path, variables: dict[str, str]) -> None:
    path = f"{_PROGRAMS}{os.pathsep}{os.environ['PATH']}"  # compose calls osls by its name
    done = subprocess.run(
        [str(_PROGRAMS / program), *arguments],
        cwd=folder,
        env=variables | _QUIET | {"PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
