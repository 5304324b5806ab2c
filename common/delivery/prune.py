"""What is left out of packages that are much larger than what the shop uses of them, so that a zip stays small.

That nothing here misses it is shown by every suite of the local cloud, whose Lambdas run these very zips.
"""

import shutil
from pathlib import Path

# Of these folders only the folders named are kept, and the modules beside them.
_USED = {
    # Stripe's SDK has a folder for each product that Stripe sells, and `params` for type checkers. Payment intents and
    # refunds are modules at its top; its client imports v2.
    "stripe": ("v2",),
    # The logger, and what it imports: its package begins with all three of logger, metrics and tracer.
    "aws_lambda_powertools": (
        "exceptions",
        "logging",
        "metrics",
        "shared",
        "tracing",
        "utilities",
        "warnings",
    ),
    "aws_lambda_powertools/utilities": ("jmespath_utils", "typing"),
}
# These compile bindings. Those of cryptography are compiled, and need only the module _cffi_backend, which stands beside.
_NOT_USED = ("cffi", "pycparser")


def slim(folder: Path) -> None:
    """Remove from an unpacked wheel what is not used of it; what is not listed here stays whole."""
    for name, used in _USED.items():
        for part in (folder / name).glob("*/"):
            if part.name not in used:
                shutil.rmtree(part)
    for name in _NOT_USED:
        shutil.rmtree(folder / name, ignore_errors=True)
