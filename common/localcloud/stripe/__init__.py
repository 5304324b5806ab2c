"""A small stateful stand-in for the part of Stripe's API that the shop uses; see README.md in the folder above."""

from localcloud.stripe.server import Gateway, serve

__all__ = ["Gateway", "serve"]
