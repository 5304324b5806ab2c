"""A Lambda's zip: compiled, pruned and reproducible."""

import compileall
import os
import py_compile
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time that a zip can hold


def compile_alone(folder: Path) -> None:
    """Compile every module and delete its source: half the size.

    For packages only: their stack traces show no source. Python loads `module.pyc` in place of
    `module.py`: https://docs.python.org/3/reference/import.html#cached-bytecode-invalidation
    """
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(
        folder, quiet=2, stripdir=str(folder), legacy=True, invalidation_mode=mode
    )
    for source in [*folder.rglob("*.py"), *folder.rglob("*.pyi")]:
        if source.suffix == ".pyi" or source.with_suffix(".pyc").exists():
            source.unlink()


def compile_modules(folder: Path) -> None:
    """Compile every module again: a first import then takes a third of the time."""
    for cache in list(folder.rglob("__pycache__")):
        shutil.rmtree(cache)
    # Unchecked hashes: Lambda unpacks with its own times, which would invalidate checked ones.
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    compileall.compile_dir(folder, quiet=2, stripdir=str(folder), invalidation_mode=mode)


def write(folders: Sequence[Path], target: Path) -> None:
    """Write the folders' contents to one zip, atomically.

    The first of two equal paths wins.
    """
    files: dict[str, Path] = {}
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file():
                files.setdefault(file.relative_to(folder).as_posix(), file)
    partial = target.with_suffix(".partial")
    with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, file.read_bytes())
    os.replace(partial, target)
