"""Serve a fake gateway, in a thread for unit tests or in a process of its own."""

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
from devcloud.gateways.fake import FakeGateway
from devcloud.gateways.store import connect

Served = TypeVar("Served", bound=FakeGateway)


def run_from_command_line(name: str, create: Callable[[Path, str, str], FakeGateway]) -> None:
    """Serve until SIGTERM. What is in a response is on the disk before it is sent."""
    parser = argparse.ArgumentParser(
        prog=f"python -m devcloud.{name}", description="Serve until SIGTERM."
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--state", type=Path, required=True, help="the file that keeps payments and refunds"
    )
    parser.add_argument("--webhook-url", required=True)
    # A file, since everyone on the machine can read the arguments of a process.
    parser.add_argument(
        "--secrets", type=Path, required=True, help=f"JSON with {name}_webhook_secret"
    )
    parser.add_argument("--as-of", type=int, help="undo what came after this time (ns), 0: all")
    options = parser.parse_args()
    if options.as_of is not None:
        _undo_after(options.as_of, options.state)
    secret = json.loads(options.secrets.read_text())[f"{name}_webhook_secret"]
    gateway = create(options.state, options.webhook_url, secret)
    uvicorn.Server(_config(gateway, options.port, grace_seconds=3)).run()
    gateway.close()


@contextlib.contextmanager
def serve_in_thread(gateway: Served, port: int = 0) -> Iterator[Served]:
    """Serve a fake on a port of 127.0.0.1, a free one for 0, and close it at the end.

    Raises: OSError when the port is taken.
    """
    server = uvicorn.Server(_config(gateway, port))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    if not server.started:
        raise OSError(f"A fake gateway could not listen on port {port}.")
    gateway.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield gateway
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=5)
        gateway.close()


def _undo_after(moment: int, state: Path) -> None:
    with contextlib.closing(connect(state)) as db:
        print(f"{undo_log.undo_after(db, moment)} changes after {moment} undone", flush=True)


def _config(gateway: FakeGateway, port: int, grace_seconds: int | None = None) -> uvicorn.Config:
    return uvicorn.Config(
        gateway.app,
        host="127.0.0.1",
        port=port,
        log_level="error",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=grace_seconds,
    )
