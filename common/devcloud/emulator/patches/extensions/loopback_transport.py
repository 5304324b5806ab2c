"""Treat a request from this machine as one by TLS.

The local cloud serves HTTP on the loopback interface only. The queue policies of the shop deny
requests for which `aws:SecureTransport` is false.
"""

from ministack.core import iam_evaluator

from devcloud.emulator.patching import rewrite_function


def apply() -> None:
    """Resolve `aws:SecureTransport` to true."""
    rewrite_function(
        iam_evaluator,
        "_resolve_condition_key",
        {"return str(ctx.secure_transport).lower()": 'return "true"'},
    )
