"""Run a zip that was built for another processor on this machine.

The stages `dev` and `prod` run on arm64. If this machine does not, its own builds of the same
packages, from the virtual environment, replace the compiled modules of the zip.
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
    """This machine has no build of a compiled module in the version of the zip."""


def replace_foreign_modules(code: Path) -> None:
    """Replace the modules that this machine cannot load.

    Raises: NoSuchBuild, which the caller of the Lambda receives as its error.
    """
    foreign = [module for module in code.rglob("*.so") if _is_foreign(module)]
    if foreign:
        _require_same_versions(code)
    for module in foreign:
        local = _find_local_build(module.relative_to(code))
        module.unlink()
        shutil.copy(local, module.with_name(local.name))


def _is_foreign(module: Path) -> bool:
    with module.open("rb") as file:
        header = file.read(19)
    if not header.startswith(b"\x7fELF"):
        return False
    return sys.platform != "linux" or header[18] != _PROCESSORS.get(platform.machine())


def _find_local_build(module: Path) -> Path:
    """Return this machine's file of a module: of the same name up to the first dot."""
    name = module.name.partition(".")[0]
    for packages in site.getsitepackages():
        for path in Path(packages, module.parent).glob(f"{name}.*"):
            if path.suffix == ".so":
                return path
    raise NoSuchBuild(
        f"{module} is compiled for another processor,"
        " and the packages of this machine have no such module"
    )


def _require_same_versions(code: Path) -> None:
    """Compare every package of the zip that has compiled modules."""
    for name, required in _compiled_packages(code):
        try:
            installed = version(name)
        except PackageNotFoundError:
            installed = "no version"
        if installed != required:
            raise NoSuchBuild(
                f"{name} {required} is compiled for another processor;"
                f" {installed} is installed on this machine"
            )


def _compiled_packages(code: Path) -> Iterator[tuple[str, str]]:
    for record in code.glob("*.dist-info/RECORD"):
        if re.search(r"\.so,", record.read_text()):
            name, _, release = record.parent.name.removesuffix(".dist-info").rpartition("-")
            yield name, release
