"""A stateful fake of the part of Stripe's API that the shop uses."""

from contextlib import AbstractContextManager

from devcloud.gateways.serving import serve_in_thread
from devcloud.stripe.gateway import FakeStripe

__all__ = ["FakeStripe", "serve"]


def serve(
    port: int = 0, webhook_url: str = "", webhook_secret: str = "whsec_test"
) -> AbstractContextManager[FakeStripe]:
    """Serve an empty fake in a thread of this process until the context ends."""
    return serve_in_thread(FakeStripe(None, webhook_url, webhook_secret), port)
