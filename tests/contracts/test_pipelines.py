"""A service's pipeline, run here: with a change that works, and with one that does not."""

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
NEEDED = ("Makefile", "requirements-dev.txt")


@pytest.fixture(scope="module")
def checkout(wheels):
    """A clone in which there is one service, with whatever its pipeline needs; its whole suite runs elsewhere."""
    with suites.alone(ROOT / SERVICE, *NEEDED) as service:
        for left_out in {*service.glob("tests/test_*.py")} - {service / "tests" / TESTS}:
            left_out.unlink()
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


def test_a_service_that_is_alone_goes_through_its_pipeline(checkout):
    ran = run_pipeline(checkout)

    assert ran.returncode == 0, ran.stdout + ran.stderr
    for command in (*pipeline.CHECKS, pipeline.RELEASE):
        assert command.format(service=SERVICE, stage="local") in ran.stdout
    assert "5 smoke tests passed" in ran.stdout
    assert f"The pipeline of {SERVICE} ran to its end." in ran.stdout


def test_code_that_does_not_answer_is_taken_back(checkout):
    app = checkout / SERVICE / "app.py"
    works = app.read_text()
    app.write_text(
        works.replace(
            "    return clearing.remove_ordered_items(request)",
            "    raise KeyError\n    return clearing.remove_ordered_items(request)",
        )
    )

    broken = run_pipeline(checkout, "--release-only")
    app.write_text(works)
    with pipeline.bare_cloud(checkout / "build" / "pipeline") as cloud:
        answered = smoke.test(cloud, SERVICE, "local")

    assert broken.returncode == 1
    assert "clear-cart raised KeyError" in broken.stderr
    assert f"taken back: {SERVICE}" in broken.stdout
    assert answered == 5
    shutil.rmtree(checkout / "build" / "pipeline")
