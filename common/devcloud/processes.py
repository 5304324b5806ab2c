"""Start, find and stop the shop's background processes by files with their pids."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from devcloud import machine

_GRACE_SECONDS = 180  # AWS saves its state while it stops, and a killed one loses it
_ATTACHED = "devcloud.attached"
_pipes: list[object] = []  # held open as long as this process lives
_RELEASE_SECONDS = 3
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "SSL_CERT_FILE", "TZ")


class PortTaken(RuntimeError):
    """Something else listens on a port that the shop needs."""


class ProcessFailed(RuntimeError):
    """A process ended, or did not answer in time. The message has its last lines."""


def port_number(text: str) -> int:
    """Parse a port to which three more may be added.

    Raises: argparse.ArgumentTypeError when it is none.
    """
    if not (text.isascii() and text.isdigit()) or not 1024 <= int(text) <= 65_532:
        raise argparse.ArgumentTypeError(f"{text} is not a port from 1024 to 65532")
    return int(text)


class Process:
    """One background process of a shop, running or not."""

    def __init__(self, directory: Path, name: str) -> None:
        self.name = name
        self.log = directory / "logs" / f"{name}.log"
        self._note = directory / "run" / f"{name}.json"

    @property
    def pid(self) -> int | None:
        """The pid while it runs. None too when the system has reused the pid since."""
        try:
            note = json.loads(self._note.read_text())
        except (OSError, ValueError):
            return None
        return note["pid"] if note["command"] == _command_line(note["pid"]) else None

    def start(
        self,
        module: str,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        outlives_caller: bool = False,
    ) -> None:
        """Run `python -m module arguments` with just this environment, detached.

        It ends with this process, however that ends, unless it is to outlive it.
        """
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self._note.parent.mkdir(parents=True, exist_ok=True)
        inherited = {name: os.environ[name] for name in _KEPT if name in os.environ}
        source = Path(__file__).resolve().parents[1]
        settings = {
            "PYTHONPATH": str(source),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            "NO_PROXY": "*",  # it calls this machine only
            "no_proxy": "*",
        }
        machine.raise_open_files()
        with self.log.open("wb") as log:
            started = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    *(() if outlives_caller else (_ATTACHED,)),
                    module,
                    *arguments,
                ],
                env=inherited | settings | dict(environment),
                stdin=subprocess.DEVNULL if outlives_caller else subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        _pipes.append(started.stdin)
        note = {"pid": started.pid, "command": _settled_command_line(started.pid, module)}
        self._note.write_text(json.dumps(note))

    def await_answer(self, healthy: Callable[[], bool], seconds: float = 90) -> None:
        """Wait until it is healthy.

        Raises: ProcessFailed when it ends first or takes too long.
        """
        deadline = time.monotonic() + seconds
        while not healthy():
            if self.pid is None:
                raise ProcessFailed(
                    f"{self.name} ended at once. The end of {self.log}:\n{self.last_words()}"
                )
            if time.monotonic() > deadline:
                raise ProcessFailed(
                    f"{self.name} did not answer in {seconds:.0f} s. See {self.log}"
                )
            time.sleep(0.05)

    def stop(self) -> bool:
        """Send SIGTERM and wait for the end. False if it did not run."""
        pid = self.pid
        if pid is not None:
            _send(pid, signal.SIGTERM)
            deadline = time.monotonic() + _GRACE_SECONDS
            while self.pid is not None:
                if time.monotonic() > deadline:
                    _send(pid, signal.SIGKILL)
                time.sleep(0.05)
        self._note.unlink(missing_ok=True)
        return pid is not None

    def last_words(self, lines: int = 15) -> str:
        """The end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def require_free(port: int) -> None:
    """Wait until a process that was killed lets go of the port.

    Raises: PortTaken when it cannot be listened on.
    """
    deadline = time.monotonic() + _RELEASE_SECONDS
    while not _is_free(port):
        if time.monotonic() > deadline:
            raise PortTaken(
                f"Port {port} is taken: another program listens on it. "
                "End that one, or move the shop, as in"
                " `make up PORT=8100` (it takes PORT and the three after it)."
            )
        time.sleep(0.1)


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):  # it has ended since we looked
        os.kill(pid, number)


def _settled_command_line(pid: int, module: str) -> str | None:
    """The command line once the new process has become the one asked for."""
    for _ in range(200):
        command = _command_line(pid)
        if command and module in command:
            return command
        time.sleep(0.01)
    return None


def _command_line(pid: int) -> str | None:
    """Return what a running `python -m` was told to run, None when it does not run.

    Python's own path is left out: on macOS it changes after the start.
    """
    try:
        text = " ".join(psutil.Process(pid).cmdline())
    except psutil.Error:
        return None
    return text.partition(" -m ")[2].strip() or None
