"""Mutation tests: break each protection in a copy, expect a failing test.

A row of tests/mutations.toml exchanges a text in a file; the suite that it names must then fail.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

from delivery.paths import ROOT
from testkit.clone import clone

LIST = ROOT / "tests/mutations.toml"
_AT_ONCE = 2
_SECONDS = 300
_FAILED = 1  # pytest's status for "some tests failed"; others mean that it could not run them


@dataclass(frozen=True)
class Mutation:
    """A protection that is taken away."""

    name: str
    file: str
    old: str
    new: str
    suite: str
    tests: list[str]

    def fits(self) -> bool:
        """Whether its text is exactly once in the file."""
        return (ROOT / self.file).read_text().count(self.old) == 1


class Unfit(Exception):
    """A mutation's text is not exactly once in its file: the code has changed."""


def load_mutations() -> list[Mutation]:
    """Return all mutations."""
    return [Mutation(**row) for row in tomllib.loads(LIST.read_text())["mutation"]]


def main() -> int:
    """Run mutations. 0 if all were noticed, 1 if one survived, 2 if one does not fit."""
    parser = argparse.ArgumentParser(prog="python -m testkit.mutations", description=__doc__)
    parser.add_argument("name", nargs="?", help="only those whose name has this in it")
    name_part = parser.parse_args().name or ""
    chosen = [mutation for mutation in load_mutations() if name_part in mutation.name]
    unfit = [mutation for mutation in chosen if not mutation.fits()]
    for mutation in unfit:
        print(f"unfit     {mutation.name}: its text does not stand once in {mutation.file}")
    if unfit or not chosen:
        print(
            f"no mutation is named {name_part!r}"
            if not chosen
            else f"{len(unfit)} of {len(chosen)} do not fit"
        )
        return 2
    survivors = _survivors(chosen)
    print(f"{len(chosen) - len(survivors)} of {len(chosen)} mutations were noticed by a test")
    return 1 if survivors else 0


def _survivors(mutations: Iterable[Mutation]) -> list[Mutation]:
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(_AT_ONCE) as pool:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(_AT_ONCE):
            copy = clone(Path(scratch) / str(number))
            (copy / "node_modules").symlink_to(ROOT / "node_modules")  # tests/saga needs them
            copies.put(copy)
        return [
            mutation
            for mutation, noticed in pool.map(lambda one: _tried(one, copies), mutations)
            if not noticed
        ]


def _tried(mutation: Mutation, copies: "SimpleQueue[Path]") -> tuple[Mutation, bool]:
    copy = copies.get()
    file = copy / mutation.file
    source = file.read_text()
    try:
        file.write_text(source.replace(mutation.old, mutation.new))
        noticed = _fails(copy, mutation)
    finally:
        file.write_text(source)
        copies.put(copy)
    print(f"{'noticed ' if noticed else 'SURVIVED'}  {mutation.name}", flush=True)
    return mutation, noticed


def _fails(copy: Path, mutation: Mutation) -> bool:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-x",
        "-p",
        "no:cacheprovider",
        *mutation.tests,
    ]
    environment = {**os.environ, "PYTHONPATH": str(copy / "common"), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            command,
            cwd=copy / mutation.suite,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return True  # a test that never ends is a test that does not pass
    if done.returncode not in (0, _FAILED) and "rror" not in done.stdout:
        raise Unfit(
            f"{mutation.name}: pytest could not run {mutation.tests}:\n"
            f"{done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.returncode != 0


if __name__ == "__main__":
    sys.exit(main())
