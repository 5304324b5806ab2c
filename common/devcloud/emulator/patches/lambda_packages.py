"""A Lambda sees its own zip and what AWS's Python runtime has, and nothing else.

ministack runs Lambdas with the interpreter it runs in itself, whose virtual environment has every package: one that is
missing from a service's requirements.txt would be missed first on AWS.
"""

import os
import site
import tempfile
from pathlib import Path

from ministack.core import lambda_runtime

from devcloud.emulator.patching import exchange

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")


def apply() -> None:
    """Let the workers import from a directory of just those packages instead of from site-packages."""
    lambda_runtime._PYTHON_WORKER_SCRIPT = exchange(
        lambda_runtime._PYTHON_WORKER_SCRIPT,
        "import sys, json, importlib, traceback, os, time\n",
        "import sys, json, importlib, traceback, os, time\n"
        'sys.path[:] = [p for p in sys.path if not p.endswith("-packages")]\n'
        f"sys.path.append({str(_runtime())!r})\n",
        "the Python worker's script",
    )


def _runtime() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="lambda-runtime-"))
    for package in RUNTIME_PACKAGES:
        for packages in site.getsitepackages():
            if (source := Path(packages, package)).exists():
                os.symlink(source, directory / package)
                break
    return directory
