"""A small stateful stand-in for the part of Razorpay's API that the shop uses; README.md here tells what it does."""

from devcloud.razorpay.server import Gateway, serve

__all__ = ["Gateway", "serve"]
