"""The stand-in for Stripe, served inside this process: for unit tests."""

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Protocol, TypeVar

import uvicorn
from starlette.applications import Starlette

from localcloud.stripe.gateway import Gateway

__all__ = ["Gateway", "serve", "in_thread"]


class StandIn(Protocol):
    """What can be served: an ASGI `app` that learns its address."""

    app: Starlette
    url: str

    def close(self) -> None:
        """Let go of everything."""


Served = TypeVar("Served", bound=StandIn)


@contextlib.contextmanager
def serve(port: int = 0, webhook_url: str = "", webhook_secret: str = "whsec_test") -> Iterator[Gateway]:
    """A stand-in in a thread of this process, on a free port of 127.0.0.1 unless one is given; it forgets all at the end.

    `url` says where it is; its switches and its books are at hand: `gateway.switches.set(down=True)`, `gateway.totals()`.
    """
    with in_thread(Gateway(None, webhook_url, webhook_secret), port) as gateway:
        yield gateway


def until_stopped(gateway: StandIn, port: int) -> None:
    """Serve any stand-in until SIGTERM, in a process of its own."""
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


@contextlib.contextmanager
def in_thread(gateway: Served, port: int) -> Iterator[Served]:
    """Serve any stand-in so, and close it at the end."""
    config = uvicorn.Config(
        gateway.app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off"
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
