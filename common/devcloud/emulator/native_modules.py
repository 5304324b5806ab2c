"""Compiled modules of a zip that is meant for another processor: this machine's build of the same version takes their place.

On AWS the stages `dev` and `prod` run on arm64. The local cloud has one processor, this machine's, whose build of each pinned package is in
the virtual environment. All else of the zip stays as it was deployed.
"""

import platform
import re
import shutil
import site
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

# Byte 18 of an ELF file. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_PROCESSORS = {"x86_64": 62, "aarch64": 183, "arm64": 183}


class NoSuchBuild(RuntimeError):
    """A zip holds a module for another processor, and this machine has no build of the same version."""


def settle(code: Path) -> None:
    """Exchange what this machine cannot load. Raises NoSuchBuild, which the Lambda's caller is answered with."""
    foreign = [module for module in code.rglob("*.so") if _is_foreign(module)]
    if foreign:
        _insist_on_same_versions(code)
    for module in foreign:
        ours = _ours(module.relative_to(code))
        module.unlink()
        shutil.copy(ours, module.with_name(ours.name))


def _is_foreign(module: Path) -> bool:
    with module.open("rb") as file:
        header = file.read(19)
    if not header.startswith(b"\x7fELF"):
        return False
    return sys.platform != "linux" or header[18] != _PROCESSORS.get(platform.machine())


def _ours(module: Path) -> Path:
    """The same module here: `_core.cpython-311-x86_64-linux-gnu.so` for `_core.cpython-311-aarch64-linux-gnu.so`."""
    name = module.name.partition(".")[0]
    for packages in site.getsitepackages():
        for found in Path(packages, module.parent).glob(f"{name}.*"):
            if found.suffix == ".so":
                return found
    raise NoSuchBuild(
        f"{module} is compiled for another processor, and this machine's packages have no such module"
    )


def _insist_on_same_versions(code: Path) -> None:
    """Of every package of the zip that has compiled modules."""
    for name, wanted in _compiled(code):
        try:
            here = version(name)
        except PackageNotFoundError:
            here = "none"
        if here != wanted:
            raise NoSuchBuild(
                f"{name} {wanted} is compiled for another processor; of this machine's there is {here}"
            )


def _compiled(code: Path) -> Iterator[tuple[str, str]]:
    for record in code.glob("*.dist-info/RECORD"):
        if re.search(r"\.so,", record.read_text()):
            name, _, release = record.parent.name.removesuffix(".dist-info").rpartition("-")
            yield name, release
