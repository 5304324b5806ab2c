"""The stand-in for Razorpay, served inside this process: for unit tests."""

import contextlib
from collections.abc import Iterator

from devcloud.gateways.serving import in_thread
from devcloud.razorpay.gateway import Gateway

__all__ = ["Gateway", "serve"]


@contextlib.contextmanager
def serve(
    port: int = 0, webhook_url: str = "", webhook_secret: str = "razorpay_test"
) -> Iterator[Gateway]:
    """A stand-in in a thread of this process, on a free port of 127.0.0.1 unless one is given; it forgets all at the end.

    `url` says where it is; its switches and its books are at hand: `gateway.switches.set(down=True)`, `gateway.totals()`.
    """
    with in_thread(Gateway(None, webhook_url, webhook_secret), port) as gateway:
        yield gateway
