"""Runs every suite of the repository, each service's in a process of its own, and ends with one line of totals.

A service's suite runs in a copy of its folder and `common`, with nothing else beside them: it may not need its neighbours.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from delivery.paths import ROOT, SERVICES

_AT_ONCE = 2
_UNITS = ("common", *SERVICES)
_SHARED = ("common", "pyproject.toml")
_NOT_COPIED = shutil.ignore_patterns(
    "__pycache__", ".pytest_cache", ".mypy_cache", ".hypothesis", ".serverless"
)
_SHIPPING = "tests/deployment"  # it needs no shop


@dataclass(frozen=True)
class Outcome:
    """How one suite ended."""

    name: str
    status: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def main() -> int:
    """Run shipping and the unit suites two at a time, then what crosses services; or those named, alone. 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"of {', '.join(_UNITS)}; all if none is named")
    named = parser.parse_args().suite
    if unknown := set(named) - set(_UNITS):
        print(
            f"{min(unknown)} has no suite of its own; these have: {', '.join(_UNITS)}",
            file=sys.stderr,
        )
        return 2
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        shipping = (
            [] if named else [pool.submit(run, ROOT, _SHIPPING)]
        )  # first, as it takes the longest
        outcomes = [*pool.map(_run_unit, named or _UNITS), *(one.result() for one in shipping)]
    if not named:
        outcomes.append(run(ROOT, f"--ignore={_SHIPPING}"))
    return _conclude(outcomes)


def _run_unit(name: str) -> Outcome:
    return run_alone(ROOT / name) if name in SERVICES else run(ROOT / name)


def run_alone(service: Path) -> Outcome:
    """A service's suite, where there is no other service."""
    with alone(service) as copy:
        return run(copy)


@contextmanager
def alone(service: Path, *further: str) -> Iterator[Path]:
    """A copy of the service's folder and of `common`, in an otherwise empty place; with further files of the repository's root."""
    with tempfile.TemporaryDirectory(prefix="alone-") as scratch:
        for name in (*_SHARED, *further, service.name):
            source, copy = ROOT / name, Path(scratch, name)
            if source.is_dir():
                shutil.copytree(source, copy, symlinks=True, ignore=_NOT_COPIED)
            else:
                shutil.copy2(source, copy)  # as old as it is: make looks at that
        yield Path(scratch, service.name)


def run(folder: Path, *arguments: str) -> Outcome:
    """One suite, in its folder, with its output printed when it is done."""
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-rs",
            f"--junitxml={report}",
            "-p",
            "no:cacheprovider",
        ]
        command += arguments
        root = (
            folder if folder == ROOT else folder.parent
        )  # a copy's suite imports the copy's common
        environment = {**os.environ, "PYTHONPATH": str(root / "common")}
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        name = folder.name if folder != ROOT else _SHIPPING if _SHIPPING in arguments else "tests"
        print(f"--- {name}\n{done.stdout.strip()}", flush=True)
        return _outcome(name, done.returncode, report)


def _outcome(name: str, status: int, report: Path) -> Outcome:
    if not report.exists():
        return Outcome(name, status or 1, failed=1)
    suites = list(ElementTree.parse(report).getroot().iter("testsuite"))
    total, skipped = _count(suites, "tests"), _count(suites, "skipped")
    failed = _count(suites, "failures") + _count(suites, "errors")
    return Outcome(name, status, total - failed - skipped, failed, skipped)


def _count(suites: Sequence[ElementTree.Element], what: str) -> int:
    return sum(int(suite.get(what, 0)) for suite in suites)


def _conclude(outcomes: Sequence[Outcome]) -> int:
    broken = [outcome.name for outcome in outcomes if outcome.status]
    if broken:
        print(f"failing: {', '.join(broken)}")
    passed, failed, skipped = (
        sum(getattr(outcome, what) for outcome in outcomes)
        for what in ("passed", "failed", "skipped")
    )
    print(f"{passed} passed, {failed} failed, {skipped} skipped")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
