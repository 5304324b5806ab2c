"""Try the repository with the other Pythons of this machine: `make pythons`.

CI runs it after `make check`. Each gets a fresh clone on a machine that is as inconvenient as
allowed: quotes and a space in the path, few open files, no language set, an HTTP proxy that does
not answer. There the whole shop starts, and two suites run.
"""

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import socket

from testkit.clone import clone

SUPPORTED = ("3.11", "3.12", "3.13")
_SECONDS = 900
_NOWHERE = "http://127.0.0.1:9"
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
_UNSET = re.compile(r"LANG|LC_|PYTHON|MAKE|MFLAGS|VIRTUAL_ENV|PYTEST")
_FEW_FILES = ("sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh")


def main() -> int:
    """Return 1 if the shop does not start with another Python, or a suite fails."""
    print(f"Pythons on this machine: {', '.join(installed())}", flush=True)
    failed = [version for version, python in others().items() if not _works_with(version, python)]
    if failed:
        print(f"failing: Python {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def installed() -> dict[str, Path]:
    """Return each Python 3 of PATH, /usr/bin and pyenv by its version, oldest first."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders += [Path("/usr/bin"), *Path.home().glob(".pyenv/versions/3.*/bin")]
    pythons: dict[str, Path] = {}
    for folder in dict.fromkeys(folders):
        for python in sorted(folder.glob("python3*")):
            if re.fullmatch(r"python3(\.\d+)?", python.name) and (version := _version(python)):
                pythons.setdefault(version, python)
    return dict(sorted(pythons.items(), key=lambda item: _numbers(item[0])))


def others() -> dict[str, Path]:
    """Return one Python of each other supported version, as far as it can make a venv."""
    pythons = {_minor(version): path for version, path in installed().items()}
    own = _minor(sys.version.split()[0])
    return {
        version: pythons[version]
        for version in SUPPORTED
        if version in pythons and version != own and _can_make_venv(pythons[version])
    }


def _can_make_venv(python: Path) -> bool:
    done = subprocess.run([str(python), "-c", "import ensurepip, venv"], capture_output=True)
    return done.returncode == 0


def _version(python: Path) -> str | None:
    asked = [str(python), "-c", "import platform; print(platform.python_version())"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True)
    except OSError:
        return None
    text = done.stdout.strip()
    return text if done.returncode == 0 and re.fullmatch(r"3\.\d+\.\d+", text) else None


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def _minor(version: str) -> str:
    return version.rpartition(".")[0]


def _works_with(version: str, python: Path) -> bool:
    began = time.monotonic()
    port = f"PORT={find_free_ports()}"
    no_network: dict[str, str] = dict.fromkeys(_PROXIES, _NOWHERE)
    with _inconvenient_clone() as folder:
        try:
            works = (
                _make(folder, {}, "up", f"PYTHON={python}", port)
                and _make(folder, no_network, "up", port)
                and _make(folder, no_network, "test", "SERVICE=cart-service")
                and _make(folder, {}, "test", "SERVICE=common")  # it fetches packages
            )
        finally:
            _make(folder, {}, "down")
    print(f"Python {version}: {'works' if works else 'FAILS'}, {time.monotonic() - began:.0f} s")
    return works


@contextmanager
def _inconvenient_clone() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="pythons-") as scratch:
        folder = Path(scratch, 'a shop\'s "clone"')
        folder.mkdir()
        yield clone(folder)


def _make(folder: Path, settings: Mapping[str, str], *arguments: str) -> bool:
    inherited = {name: text for name, text in os.environ.items() if not _UNSET.match(name)}
    environment = {**inherited, "LC_ALL": "C", **settings}
    print(f"\n$ make {' '.join(arguments)}", flush=True)
    try:
        done = subprocess.run(
            [*_FEW_FILES, "make", *arguments], cwd=folder, env=environment, timeout=_SECONDS
        )
    except subprocess.TimeoutExpired:
        print(f"make {arguments[0]} took more than {_SECONDS} s", file=sys.stderr)
        return False
    return done.returncode == 0


def find_free_ports() -> int:
    """Return the first of four ports that nobody listens on."""
    for first in range(18_900, 19_900, 10):
        if all(_is_free(first + offset) for offset in range(4)):
            return first
    raise RuntimeError("no four neighbouring ports are free between 18900 and 19900")


def _is_free(port: int) -> bool:
    with socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) != 0


if __name__ == "__main__":
    sys.exit(main())
