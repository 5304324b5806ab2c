"""Run all Lambdas of one zip from one unpacked copy.

ministack unpacks the zip for every process. With thirty Lambdas of six zips, and several processes
of a busy one, that takes a gigabyte and most of each cold start. Compiled modules of the copy are
replaced by those of this machine (`native_modules`).
"""

import hashlib
import io
import os
import tempfile
import threading
import zipfile
from pathlib import Path

from ministack.core import lambda_runtime

from devcloud.emulator import native_modules
from devcloud.emulator.patching import rewrite_function

_UNPACK = """    code_dir = os.path.join(self._tmpdir, "code")
    os.makedirs(code_dir)
    with open(os.path.join(self._tmpdir, "code.zip"), "wb") as f:
        f.write(self.code_zip)
    with zipfile.ZipFile(os.path.join(self._tmpdir, "code.zip")) as zf:
        zf.extractall(code_dir)
"""

_lock = threading.Lock()


def apply() -> None:
    """Run the workers from the shared copy."""
    rewrite_function(
        lambda_runtime.Worker,
        "_spawn",
        {_UNPACK: "    code_dir = _unpack(self.code_zip)\n"},
        _unpack=unpack,
    )


def unpack(code: bytes) -> str:
    """Return the directory of the zip's files. The first call creates it."""
    directory = Path(tempfile.gettempdir(), "lambda-code", hashlib.sha256(code).hexdigest()[:20])
    with _lock:
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(partial)
            native_modules.replace_foreign_modules(partial)
            os.replace(partial, directory)
    return str(directory)
