"""Wheels of requirements.txt: downloaded and compiled once for all services."""

import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from delivery import archives, hashes, locks, prune

# What AWS's Python runtime has, and a zip therefore need not.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")

THIS_MACHINE = "this-machine"
# Of glibc 2.17 and 2.28. Lambda's Python 3.13 runs on Amazon Linux 2023, which has 2.34:
# https://docs.aws.amazon.com/linux/al2023/ug/compare-with-al2.html
_LIBCS = ("manylinux2014", "manylinux_2_28")
_PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}
# Packages that few Lambdas of a service need: a layer, of which the others load nothing.
_LAYER_PINS = "requirements-"
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;#]+)")


class WheelMissing(RuntimeError):
    """A package is not pinned, or has no wheel for the target."""


def gather(services: Iterable[Path], architecture: str, wheel_cache: Path) -> int:
    """Download and compile every pinned wheel of the services.

    Returns how many were new.

    `architecture` is x86_64, arm64 or THIS_MACHINE. Later runs are offline. Raises: WheelMissing.
    """
    pinned = sorted({pin for service in services for file in _files(service) for pin in pins(file)})
    folder = _folder(wheel_cache, architecture)
    with locks.exclusive(folder / "lock"):
        if missing := [pin for pin in pinned if not _unpacked(folder, pin).is_dir()]:
            download(missing, architecture, folder)
        for pin in missing:
            _unpack(_wheel(folder, pin), _unpacked(folder, pin))
    return len(missing)


def installed(requirements: Path, architecture: str, wheel_cache: Path) -> list[Path]:
    """Return a folder per package of a file of pins, for the top of a zip.

    Call `gather` first.
    """
    return [_unpacked(_folder(wheel_cache, architecture), pin) for pin in pins(requirements)]


def layers(service: Path) -> dict[str, Path]:
    """Return the pins of each layer of the service: `requirements-<layer>.txt`."""
    files = sorted(service.glob(f"{_LAYER_PINS}*.txt"))
    return {file.stem.removeprefix(_LAYER_PINS): file for file in files}


def _files(service: Path) -> list[Path]:
    return [service / "requirements.txt", *layers(service).values()]


def pins(requirements: Path) -> list[str]:
    """List the service's `name==version`, without those of the runtime.

    Raises: WheelMissing if one is unpinned.
    """
    pinned = []
    for line in requirements.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        pin = _PIN.match(text)
        if not pin:
            raise WheelMissing(f"{requirements}: expected name==version, not {text}")
        if _normal(pin[1]) not in RUNTIME:
            pinned.append(f"{_normal(pin[1])}=={pin[2]}")
    return pinned


def this_architecture() -> str:
    """Return this machine's architecture in Lambda's terms."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def download(pinned: Sequence[str], architecture: str, folder: Path) -> None:
    """Download pinned wheels for an architecture. Raises: WheelMissing."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--only-binary=:all:",
    ]
    if architecture != THIS_MACHINE or sys.platform == "linux":
        name = this_architecture() if architecture == THIS_MACHINE else architecture
        for libc in _LIBCS:
            command += ["--platform", f"{libc}_{_PROCESSORS[name]}"]
        command += ["--implementation", "cp"]
        command += ["--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"]
    command += ["-d", str(folder), *pinned]
    done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603 - pinned names
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise WheelMissing("\n".join(errors[-1:] or [done.stderr.strip()]))


def _wheel(folder: Path, pin: str) -> Path:
    name, _, version = pin.partition("==")
    for wheel in folder.glob("*.whl"):
        parts = wheel.name.split("-")
        if _normal(parts[0]) == name and parts[1] == version:
            return wheel
    raise WheelMissing(f"pip found no wheel of version {version} for {name}")


def _unpack(wheel: Path, target: Path) -> None:
    partial = Path(tempfile.mkdtemp(prefix="partial-", dir=_made(target.parent)))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(partial)
    for data in partial.glob("*.data"):
        for library in (data / "purelib", data / "platlib"):
            if library.is_dir():
                shutil.copytree(library, partial, dirs_exist_ok=True)
        shutil.rmtree(data)
    prune.prune(partial)
    archives.compile_alone(partial)
    partial.rename(target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unpacked(folder: Path, pin: str) -> Path:
    """The folder of an unpacked wheel, another one when what is left out changes."""
    made_by = [Path(str(module.__file__)).read_text() for module in (prune, archives)]
    return folder / f"pruned-{hashes.compute([], made_by)[:8]}" / pin


def _folder(wheel_cache: Path, architecture: str) -> Path:
    return wheel_cache / f"{architecture}-python{sys.version_info.major}.{sys.version_info.minor}"


def _normal(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()
