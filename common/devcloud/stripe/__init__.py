"""A small stateful stand-in for the part of Stripe's API that the shop uses; README.md here tells what it does."""

from devcloud.stripe.server import Gateway, serve

__all__ = ["Gateway", "serve"]
