"""Rehearse a service's pipeline, .github/workflows/service.yml, on this machine.

`make pipeline SERVICE=cart-service` runs its commands against a local cloud of its own, in
build/pipeline, where nothing else is deployed. The previous release is kept, and rolled back to if
the new code does not respond.
"""

import argparse
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from delivery import paths
from delivery.clouds import Cloud
from devcloud import machine
from devcloud.processes import Process, ProcessFailed

# What must hold before anything is deployed; then each stage in turn.
CHECKS = (
    "make test SERVICE={service}",
    "make lint types SERVICE={service}",
    "make package templates SERVICE={service} STAGE={stage}",
)
RELEASE = "make release SERVICE={service} STAGE={stage}"
STAGES = ("dev", "prod")
_HOME = paths.ROOT / "build" / "pipeline"


class StepFailed(RuntimeError):
    """A command of the pipeline failed, and has printed why."""


def rehearse(service: str, home: Path, checks: bool = True) -> None:
    """Run the service's pipeline on the stage `local`. Raises: StepFailed."""
    with bare_cloud(home) as cloud:
        commands = [*(CHECKS if checks else ()), f"{RELEASE} ENDPOINT={cloud.endpoint}"]
        for command in commands:
            _run(command.format(service=service, stage="local"))


@contextmanager
def bare_cloud(home: Path) -> Iterator[Cloud]:
    """Run a local AWS with the state of this directory until the context ends."""
    process, port = Process(home.resolve(), "aws"), _free_port()
    process.stop()  # one that an interrupted run left
    process.start(
        "devcloud.emulator.server", ["--port", str(port), "--dir", str(home.resolve())], {}
    )
    try:
        process.await_answer(lambda: _listening(port))
        yield Cloud(f"http://127.0.0.1:{port}")
    finally:
        process.stop()


def main() -> int:
    """Rehearse one service's pipeline. Returns 1 if a step failed."""
    parser = argparse.ArgumentParser(prog="python -m devcloud.pipeline", description=__doc__)
    parser.add_argument("service")
    parser.add_argument(
        "--home", type=Path, default=_HOME, help="where its local cloud keeps its state"
    )
    parser.add_argument("--release-only", action="store_true", help="leave out the checks")
    options = parser.parse_args()
    machine.prepare()
    try:
        paths.service(options.service)
        rehearse(options.service, options.home, checks=not options.release_only)
    except (paths.UnknownService, ProcessFailed, StepFailed) as exc:
        print(exc, file=sys.stderr)
        return 1
    print(f"The pipeline of {options.service} ran to its end.")
    return 0


def _run(command: str) -> None:
    print(f"\n$ {command}", flush=True)
    if subprocess.run(command.split(), cwd=paths.ROOT).returncode:
        raise StepFailed(f"The pipeline ends here: `{command}` failed.")


def _free_port() -> int:
    with socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _listening(port: int) -> bool:
    with socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


if __name__ == "__main__":
    sys.exit(main())
