"""`make new-service`: in a copy of the repository, held to all that the other services are held to."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from delivery.paths import ROOT, SERVICES

NAME = "gift-box-service"  # two words, and a plural that is not made with an s alone
CROSSING = ("contracts", "openapi", "hardening", "privileges", "workflows", "released")
COPIED = (".ci", ".github", ".gitignore")

Run = Callable[..., str]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory, wheels: Path) -> Path:
    """The repository as it is now, with one service more; what was fetched from package indexes is shared with it."""
    root = tmp_path_factory.mktemp("repository")
    for path in ROOT.iterdir():
        if path.name in COPIED or not path.name.startswith((".", "build", "node_modules")):
            subprocess.run(["cp", "-a", str(path), str(root)], check=True)
    (root / "build").mkdir()
    (root / "build" / "wheels").symlink_to(wheels)
    status, said = called(root, root, "-m", "scaffold", NAME)
    assert status == 0, said
    return root


@pytest.fixture
def run(copy: Path) -> Run:
    """Run Python in the copy, with the copy's own code; what it printed."""

    def successfully(*arguments: str, within: str = ".") -> str:
        status, said = called(copy, copy / within, *arguments)
        assert status == 0, said[-5000:]
        return said

    return successfully


def called(root: Path, folder: Path, *arguments: str) -> tuple[int, str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "common"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def suite(run: Run, *arguments: str, within: str = ".") -> str:
    return run("-m", "pytest", "-p", "no:cacheprovider", *arguments, within=within)


def test_its_own_suite_passes(run):
    assert "passed" in suite(run, within=NAME)


def test_it_is_formatted_and_linted(run):
    touched = (NAME, "common/testkit/access_matrix.py", "tests/access/fixtures.py")
    for command in (["format", "--check"], ["check"]):
        run("-m", "ruff", *command, *touched)


def test_its_types_are_right(run):
    run(
        "-c",
        f"from testkit import types as t; raise SystemExit(t.check(t.ROOT / '{NAME}', t.SERVICE))",
    )


def test_its_templates_are_in_order_as_written_and_as_packaged(run):
    stages = ("dev", "prod")
    for stage in stages:
        run("-m", "devcloud", "package", NAME, "--stage", stage)
    written = [f"{NAME}/resources.yml", *(f"build/{NAME}-{stage}/sam.json" for stage in stages)]
    run("-c", f"from testkit import templates; raise SystemExit(templates.lint({written}))")


def test_its_zip_stays_within_the_budget(run):
    suite(run, "tests/contracts/test_packages.py", "-k", f"budget and {NAME}")


def test_it_keeps_what_all_services_agreed_on(run):
    suite(run, *(f"tests/test_{what}.py" for what in CROSSING))


def test_its_deploy_role_can_deploy_it_and_nothing_else(run):
    suite(run, "tests/access/test_deploy_roles.py", "-k", NAME)


def test_it_refuses_what_it_must_whoever_asks(run):
    suite(run, "tests/access", "-k", NAME)


def test_nothing_of_the_sample_is_left_in_it(copy):
    for path in (copy / NAME).rglob("*"):
        text = str(path) + (path.read_text() if path.is_file() else "")
        assert not [word for word in ("sample", "Sample", "SAMPLE") if word in text], path


@pytest.mark.parametrize(
    "name", [NAME, SERVICES[0], "box", "boxes-service", "Box-service", "report-service"]
)
def test_a_name_that_cannot_be_meant_is_refused_in_one_sentence_and_changes_nothing(copy, name):
    before = sorted(copy.iterdir())

    status, said = called(copy, copy, "-m", "scaffold", name)

    assert (status, said.count("\n")) == (2, 1), said
    assert said.startswith(f"NAME={name}")
    assert sorted(copy.iterdir()) == before
