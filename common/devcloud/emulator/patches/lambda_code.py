"""One copy of a zip's files serves all Lambdas made from it.

ministack unpacks the zip for each process: with thirty functions of six zips, and several processes of a busy one, that is
a gigabyte and the better part of every cold start. The copy is for this machine's processor, whatever the zip was made for.
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
from devcloud.emulator.patching import rewrite

_UNPACK = """    code_dir = os.path.join(self._tmpdir, "code")
    os.makedirs(code_dir)
    with open(os.path.join(self._tmpdir, "code.zip"), "wb") as f:
        f.write(self.code_zip)
    with zipfile.ZipFile(os.path.join(self._tmpdir, "code.zip")) as zf:
        zf.extractall(code_dir)
"""

_lock = threading.Lock()


def apply() -> None:
    """Let the workers run from the shared copy."""
    rewrite(
        lambda_runtime.Worker,
        "_spawn",
        {_UNPACK: "    code_dir = _unpacked(self.code_zip)\n"},
        _unpacked=unpacked,
    )


def unpacked(code: bytes) -> str:
    """The directory with the zip's files, made at first use; a Lambda's own code is not for it to write to."""
    directory = Path(tempfile.gettempdir(), "lambda-code", hashlib.sha256(code).hexdigest()[:20])
    with _lock:
        if not directory.exists():
            partial = directory.with_suffix(".partial")
            with zipfile.ZipFile(io.BytesIO(code)) as archive:
                archive.extractall(partial)
            native_modules.settle(partial)
            os.replace(partial, directory)
    return str(directory)
