"""The stand-in for Stripe, served inside this process: for unit tests."""

import contextlib
import threading
import time
from collections.abc import Iterator

import uvicorn

from localcloud.stripe.gateway import Gateway

__all__ = ["Gateway", "serve"]


@contextlib.contextmanager
def serve(port: int = 0, webhook_url: str = "", webhook_secret: str = "whsec_test") -> Iterator[Gateway]:
    """A stand-in in a thread of this process, on a free port of 127.0.0.1 unless one is given; it forgets all at the end.

    `url` says where it is; its switches and its books are at hand: `gateway.switches.set(down=True)`, `gateway.totals()`.
    """
    gateway = Gateway(None, webhook_url, webhook_secret)
    config = uvicorn.Config(
        gateway.app, host="127.0.0.1", port=port, log_level="error", access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    if not server.started:
        raise OSError(f"The stand-in for Stripe could not listen on port {port}.")
    gateway.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    try:
        yield gateway
    finally:
        server.should_exit = server.force_exit = True
        thread.join(timeout=5)
        gateway.close()
