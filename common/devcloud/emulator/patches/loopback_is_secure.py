"""A policy that refuses what is not encrypted refuses nothing here: the local cloud speaks HTTP, with this machine alone.

On AWS `aws:SecureTransport` tells whether a request came by TLS. What never leaves the machine cannot be read on its way.
"""

from ministack.core import iam_evaluator

from devcloud.emulator.patching import rewrite


def apply() -> None:
    """Let a request from this machine count as one that came by TLS."""
    rewrite(
        iam_evaluator,
        "_resolve_condition_key",
        {"return str(ctx.secure_transport).lower()": 'return "true"'},
    )
