"""Run the repository's suites, each in its own process, and print totals.

A service's suite runs in a copy of its folder and `common`, without the other services.
"""

import argparse
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
# A service's suite that runs alone is spread over the processors. That of common is not: its
# tests start processes and look for those that others leave.
_SPREAD = ("-p", "xdist", "--numprocesses=auto", "--maxprocesses=4", "--dist=worksteal")
_UNITS = ("common", *SERVICES)
_SHARED = ("common", "pyproject.toml")
_NOT_COPIED = shutil.ignore_patterns(
    "__pycache__", ".pytest_cache", ".mypy_cache", ".hypothesis", ".serverless"
)
# What crosses services, each with a shop of its own or none, the longest first.
_CROSSING = {
    "tests": ("--ignore=tests/deployment", "--ignore=tests/chaos"),
    "tests/chaos": ("tests/chaos",),
    "tests/deployment": ("tests/deployment",),
}


@dataclass(frozen=True)
class Outcome:
    """A suite's result."""

    name: str
    status: int
    passed: int = 0
    failed: int = 0
    skipped: int = 0


def main() -> int:
    """Run all suites, or the named unit suites, two at a time.

    Returns 1 if any failed.
    """
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("suite", nargs="*", help=f"of {', '.join(_UNITS)}; all if none is named")
    named = parser.parse_args().suite
    if unknown := set(named) - set(_UNITS):
        print(
            f"{min(unknown)} has no suite of its own; these have: {', '.join(_UNITS)}",
            file=sys.stderr,
        )
        return 2
    if len(named) == 1 and named[0] in SERVICES:
        return _conclude([_run_unit(named[0], *_SPREAD)])
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        crossing = [
            pool.submit(run, ROOT, *what, name=name)
            for name, what in ({} if named else _CROSSING).items()
        ]
        units = [pool.submit(_run_unit, name) for name in named or _UNITS]
        return _conclude([one.result() for one in (*units, *crossing)])


def _run_unit(name: str, *options: str) -> Outcome:
    if name not in SERVICES:
        return run(ROOT / name, *options)
    with alone(ROOT / name) as copy:
        return run(copy, *options)


@contextmanager
def alone(service: Path, *further: str) -> Iterator[Path]:
    """Copy a service's folder and `common` to an empty place, with further root files."""
    with tempfile.TemporaryDirectory(prefix="alone-") as scratch:
        for name in (*_SHARED, *further, service.name):
            source, copy = ROOT / name, Path(scratch, name)
            if source.is_dir():
                shutil.copytree(source, copy, symlinks=True, ignore=_NOT_COPIED)
            else:
                shutil.copy2(source, copy)  # as old as it is: make looks at that
        yield Path(scratch, service.name)


def run(folder: Path, *arguments: str, name: str = "") -> Outcome:
    """Run a suite in its folder and print its output at the end."""
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
        done = subprocess.run(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        name = name or folder.name
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
