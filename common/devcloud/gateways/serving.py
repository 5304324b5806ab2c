"""Serves a stand-in: in a thread of this process for unit tests, in a process of its own for the shop."""

import argparse
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import uvicorn

from devcloud.gateways import undo_log
from devcloud.gateways.fake import StandIn
from devcloud.gateways.store import connect

Served = TypeVar("Served", bound=StandIn)


def from_command_line(name: str, make: Callable[[Path, str, str], StandIn]) -> None:
    """Serve until SIGTERM; what was answered is on the disk before it is answered."""
    parser = argparse.ArgumentParser(
        prog=f"python -m devcloud.{name}", description="Serve until SIGTERM."
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--state", type=Path, required=True, help="the file that keeps payments and refunds"
    )
    parser.add_argument("--webhook-url", required=True)
    # A file, since anybody may read the arguments of a process.
    parser.add_argument(
        "--secrets", type=Path, required=True, help=f"JSON with {name}_webhook_secret"
    )
    parser.add_argument(
        "--as-of", type=int, help="take back what came after this moment (ns), 0 for all"
    )
    given = parser.parse_args()
    if given.as_of is not None:
        _come_back_to(given.as_of, given.state)
    secret = json.loads(given.secrets.read_text())[f"{name}_webhook_secret"]
    _until_stopped(make(given.state, given.webhook_url, secret), given.port)


@contextlib.contextmanager
def in_thread(gateway: Served, port: int) -> Iterator[Served]:
    """Serve any stand-in so, and close it at the end."""
    config = uvicorn.Config(
        gateway.app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        lifespan="off",
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    if not server.started:
        raise OSError(f"A stand-in could not listen on port {port}.")
    gateway.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield gateway
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=5)
        gateway.close()


def _come_back_to(moment: int, state: Path) -> None:
    with contextlib.closing(connect(state)) as db:
        print(f"{undo_log.undo_after(db, moment)} changes after {moment} taken back", flush=True)


def _until_stopped(gateway: StandIn, port: int) -> None:
    uvicorn.run(
        gateway.app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=3,
    )
    gateway.close()
