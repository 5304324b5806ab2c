"""`make new-service` in a copy of the repository: its service passes all tests."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.paths import ROOT, SERVICES

NAME = "gift-box-service"  # two words, and a plural that is not made with an s alone
SHARED_TESTS = (
    "contracts/test_contracts.py",
    "contracts/test_domain.py",
    "contracts/test_openapi.py",
    "contracts/test_workflows.py",
    "contracts/test_released.py",
    "access/test_hardening.py",
    "access/test_privileges.py",
)
COPIED = (".ci", ".github", ".gitignore")

Run = Callable[..., str]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """A copy of the repository with one more service, and the shared wheels."""
    root = tmp_path_factory.mktemp("repository")
    for path in ROOT.iterdir():
        if path.name in COPIED or not path.name.startswith((".", "build", "node_modules")):
            subprocess.run(["cp", "-a", str(path), str(root)], check=True)
    (root / "build").mkdir()
    (root / "build" / "wheels").symlink_to(wheels)
    status, output = call(root, root, "-m", "scaffold", NAME)
    assert status == 0, output
    return root


@pytest.fixture
def run(copy: Path) -> Run:
    """Runs Python in the copy, with the copy's own code. Returns its output."""

    def run_successfully(*arguments: str, within: str = ".") -> str:
        status, output = call(copy, copy / within, *arguments)
        assert status == 0, output[-5000:]
        return output

    return run_successfully


def call(root: Path, folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "common"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def run_tests(run: Run, *arguments: str, within: str = ".") -> str:
    return run("-m", "pytest", "-p", "no:cacheprovider", *arguments, within=within)


def test_its_own_suite_passes(run):
    assert "passed" in run_tests(run, within=NAME)


def test_it_is_formatted_and_linted(run):
    touched = (NAME, "common/testkit/access_matrix.py", "tests/access/fixtures.py")
    for command in (["format", "--check"], ["check"]):
        run("-m", "ruff", *command, *touched)


def test_its_types_check(run):
    run("-m", "testkit.type_check", NAME)


def test_its_templates_are_valid(run):
    stages = ("dev", "prod")
    for stage in stages:
        run("-m", "devcloud", "package", NAME, "--stage", stage)
    written = [f"{NAME}/resources.yml", *(f"build/{NAME}-{stage}/sam.json" for stage in stages)]
    run(
        "-c",
        f"from testkit import template_check; raise SystemExit(template_check.lint({written}))",
    )


def test_its_zip_is_within_the_budget(run):
    run_tests(run, "tests/contracts/test_packages.py", "-k", f"budget and {NAME}")


def test_the_shared_tests_pass(run):
    run_tests(run, *(f"tests/{path}" for path in SHARED_TESTS))


def test_its_deploy_role_can_deploy_it_only(run):
    run_tests(run, "tests/access/test_deploy_roles.py", "-k", NAME)


def test_it_withstands_attacks(run):
    run_tests(run, "tests/access", "-k", NAME)


def test_the_samples_name_is_replaced_everywhere(copy):
    for path in (copy / NAME).rglob("*"):
        text = str(path) + (path.read_text() if path.is_file() else "")
        assert not [word for word in ("sample", "Sample", "SAMPLE") if word in text], path


@pytest.mark.parametrize(
    "name", [NAME, SERVICES[0], "box", "boxes-service", "Box-service", "report-service"]
)
def test_an_invalid_name_is_rejected_and_changes_nothing(copy, name):
    before = sorted(copy.iterdir())

    status, output = call(copy, copy, "-m", "scaffold", name)

    assert (status, output.count("\n")) == (2, 1), output
    assert output.startswith(f"NAME={name}")
    assert sorted(copy.iterdir()) == before
