"""A stateful fake of the part of Razorpay's API that the shop uses."""

from contextlib import AbstractContextManager

from devcloud.gateways.serving import serve_in_thread
from devcloud.razorpay.gateway import FakeRazorpay

__all__ = ["FakeRazorpay", "serve"]


def serve(
    port: int = 0, webhook_url: str = "", webhook_secret: str = "razorpay_test"
) -> AbstractContextManager[FakeRazorpay]:
    """Serve an empty fake in a thread of this process until the context ends."""
    return serve_in_thread(FakeRazorpay(None, webhook_url, webhook_secret), port)
