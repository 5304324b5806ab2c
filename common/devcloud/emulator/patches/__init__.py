"""Change ministack where the local shop needs it to behave differently.

`parity` holds bugs: ministack differs from the AWS documentation that each module names.
`extensions` holds settings and features of the local shop that AWS does not have.

A patch is written against the source of one version of ministack and refuses any other.
"""

from importlib import import_module
from importlib.metadata import version
from pkgutil import iter_modules
from types import ModuleType

from devcloud.emulator.patches import extensions, parity
from devcloud.emulator.patching import UnexpectedSource

MINISTACK = "1.5.33"


def apply() -> None:
    """Apply every patch, once per process.

    Raises: UnexpectedSource when the installed ministack is not the expected version.
    """
    installed = version("ministack")
    if installed != MINISTACK:
        raise UnexpectedSource(
            f"ministack {installed} is installed, but the patches are written for {MINISTACK}:"
            " check for each module of devcloud/emulator/patches whether it is still needed,"
            " then change MINISTACK there"
        )
    for package in (parity, extensions):
        for patch in modules(package):
            patch.apply()


def modules(package: ModuleType) -> list[ModuleType]:
    """Import the modules of a package, in the order of their names."""
    names = sorted(module.name for module in iter_modules(package.__path__))
    return [import_module(f"{package.__name__}.{name}") for name in names]
