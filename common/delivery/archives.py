"""A Lambda's zip: compiled, pruned and reproducible."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def compile_alone(folder: Path) -> None:
    """Compile every module and delete its source: half the size.

    Docstrings are left out, too.

    For packages only: their stack traces show no source. Python loads `module.pyc` in place of
    `module.py`: https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    """
    _compile(folder, "-b", "-o", "2")
    for source in [*folder.rglob("*.py"), *folder.rglob("*.pyi")]:
        if source.suffix == ".pyi" or source.with_suffix(".pyc").exists():
            source.unlink()


def compile_modules(folder: Path) -> None:
    """Compile every module again: a first import then takes a third of the time."""
    for cache in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    _compile(folder)


def write(folders: Sequence[Path], target: Path, inside: str = "") -> None:
    """Write the folders' contents to one zip, atomically.

    At its top, or `inside` a folder of it.     The first of two equal paths wins.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                files.setdefault(Path(inside, file.relative_to(folder)).as_posix(), file)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    os.replace(partial, target)


def _compile(folder: Path, *options: str) -> None:
    """Compile all modules in a new process, with the same bytes each time.

    What a process has interned before is marshalled otherwise.
    """
    # Unchecked hashes: Lambda unpacks with its own times, which would invalidate checked ones.
    mode = ("--invalidation-mode", "unchecked-hash")
    command = [sys.executable, "-m", "compileall", "-qq", "-s", str(folder), *mode, *options]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    subprocess.run([*command, str(folder)], env=environment)  # noqa: S603 - our own command
