"""Let a Python Lambda import only its own package and those of AWS's runtime.

ministack runs Lambdas with its own interpreter, whose environment has every package: one that is
missing from a service's requirements.txt would first be missed on AWS.

AWS: Lambda, "Working with .zip file archives for Python Lambda functions".
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

import os
import site
import tempfile
from pathlib import Path

from devcloud.emulator.patching import rewrite_worker_script

RUNTIME_PACKAGES = ("boto3", "botocore", "s3transfer", "jmespath", "dateutil", "urllib3", "six.py")

_IMPORTS = "import sys, json, importlib, traceback, os, time\n"


def apply() -> None:
    """Replace the site-packages of the workers by a directory of those packages."""
    rewrite_worker_script(
        {
            _IMPORTS: _IMPORTS
            + 'sys.path[:] = [p for p in sys.path if not p.endswith("-packages")]\n'
            + f"sys.path.append({str(_link_packages())!r})\n"
        }
    )


def _link_packages() -> Path:
    directory = Path(tempfile.mkdtemp(prefix="lambda-runtime-"))
    for package in RUNTIME_PACKAGES:
        for packages in site.getsitepackages():
            if (source := Path(packages, package)).exists():
                os.symlink(source, directory / package)
                break
    return directory
