"""A service's pipeline on this machine, with code that works and that does not."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from delivery import smoke
from delivery.paths import ROOT
from devcloud import pipeline
from testkit import suites

SERVICE = "cart-service"
TESTS = "test_access.py"
# Lets every saga step of the service fail.
DEFECT = """

def fail(*_):
    raise KeyError("defect")


step_input.parse = fail
"""
NEEDED = ("Makefile", "requirements-dev.txt")


@pytest.fixture(scope="module")
def checkout(wheels):
    """A repository with one service, what its pipeline needs, and one of its tests."""
    with suites.alone(ROOT / SERVICE, *NEEDED) as service:
        for omitted in {*service.glob("tests/test_*.py")} - {service / "tests" / TESTS}:
            omitted.unlink()
        root = service.parent
        (root / ".venv").symlink_to(ROOT / ".venv")
        (root / "build").mkdir()
        (root / "build" / "wheels").symlink_to(wheels)
        yield root


def run_pipeline(root: Path, *options: str) -> subprocess.CompletedProcess:
    command = [".venv/bin/python", "-m", "devcloud.pipeline", SERVICE, *options]
    environment = {**os.environ, "PYTHONPATH": str(root / "common")}
    environment.pop("PYTEST_CURRENT_TEST", None)
    return subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)


def test_a_service_without_the_others_passes_its_pipeline(checkout):
    done = run_pipeline(checkout)

    assert done.returncode == 0, done.stdout + done.stderr
    for command in (*pipeline.CHECKS, pipeline.RELEASE):
        assert command.format(service=SERVICE, stage="local") in done.stdout
    assert "5 smoke tests passed" in done.stdout
    assert f"The pipeline of {SERVICE} ran to its end." in done.stdout


def test_code_that_fails_its_smoke_test_is_rolled_back(checkout):
    app = checkout / SERVICE / "app.py"
    works = app.read_text()
    app.write_text(works + DEFECT)

    broken = run_pipeline(checkout, "--release-only")
    app.write_text(works)
    with pipeline.bare_cloud(checkout / "build" / "pipeline") as cloud:
        answered = smoke.test(cloud, SERVICE, "local")

    assert broken.returncode == 1
    assert "clear-cart raised KeyError" in broken.stderr
    assert f"rolled back: {SERVICE}" in broken.stdout
    assert answered == 5
    shutil.rmtree(checkout / "build" / "pipeline")
