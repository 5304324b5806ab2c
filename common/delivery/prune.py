"""Removes what the shop does not use of large packages, so that zips stay small.

The suites of the local shop run these zips, so they prove that nothing needed is missing.
"""

import shutil
from pathlib import Path

# Of these folders only the folders named are kept, and the modules beside them.
_USED = {
    # Stripe's SDK has a folder per product, and `params` for type checkers. Payment intents and
    # refunds are modules at its top; its client imports v2.
    "stripe": ("v2",),
    # The logger and what it imports: the package imports logger, metrics and tracer.
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
_UNUSED_FILES = (
    # Faster twins of modules that requests imports, and that no answer with a charset needs.
    "charset_normalizer/*.so",
    # Lists of the files, which only pip reads; that of Stripe's SDK is large.
    "*.dist-info/RECORD",
    # A kind of picture, and its library.
    "PIL/_avif*",
    "pillow.libs/libavif*",
    # ReportLab reads TrueType only.
    "font_source_sans_pro/files/*.otf",
)
# These compile bindings. Those of cryptography are compiled already and need only _cffi_backend.
_NOT_USED = ("cffi", "pycparser")


def prune(folder: Path) -> None:
    """Remove the unused parts of an unpacked wheel."""
    for name, used in _USED.items():
        for part in (folder / name).glob("*/"):
            if part.name not in used:
                shutil.rmtree(part)
    for pattern in _UNUSED_FILES:
        for file in folder.glob(pattern):
            file.unlink()
    for name in _NOT_USED:
        shutil.rmtree(folder / name, ignore_errors=True)
