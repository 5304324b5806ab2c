"""The packages of requirements.txt as wheels: fetched and compiled once for all services, and offline from then on."""

import platform
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from delivery import archives, locks, prune

# What AWS's Python runtime has, and a zip therefore need not.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
RUNTIME = ("boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six")

THIS_MACHINE = "this-machine"
_PROCESSORS = {"x86_64": "x86_64", "arm64": "aarch64"}
_PIN = re.compile(r"([A-Za-z0-9._-]+)==([^\s;#]+)")


class WheelMissing(RuntimeError):
    """A package cannot be had as a wheel for the machine that is to run it, or is not pinned."""


def gather(services: Iterable[Path], architecture: str, house: Path) -> int:
    """Have every wheel that the services' requirements name, unpacked and compiled; asks the network for new ones only.

    `architecture` is Lambda's word, x86_64 or arm64, or THIS_MACHINE. Answers how many were new. Raises WheelMissing.
    """
    wanted = sorted({pin for service in services for pin in pins(service / "requirements.txt")})
    folder = _folder(house, architecture)
    with locks.exclusive(folder / "lock"):
        if missing := [pin for pin in wanted if not _unpacked(folder, pin).is_dir()]:
            download(missing, architecture, folder)
        for pin in missing:
            _unpack(_wheel(folder, pin), _unpacked(folder, pin))
    return len(missing)


def installed(service: Path, architecture: str, house: Path) -> list[Path]:
    """A folder for each of the service's packages, with what belongs at the top of the zip; `gather` comes first."""
    return [
        _unpacked(_folder(house, architecture), pin) for pin in pins(service / "requirements.txt")
    ]


def pins(requirements: Path) -> list[str]:
    """The lines `name==version`, less what the Lambda runtime has; WheelMissing if one is not pinned so."""
    found = []
    for line in requirements.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if not text:
            continue
        pin = _PIN.match(text)
        if not pin:
            raise WheelMissing(f"{requirements}: expected name==version, not {text}")
        if _normal(pin[1]) not in RUNTIME:
            found.append(f"{_normal(pin[1])}=={pin[2]}")
    return found


def this_architecture() -> str:
    """This machine's processor, in Lambda's word for it."""
    return "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"


def download(wanted: Sequence[str], architecture: str, folder: Path) -> None:
    """Fetch the pinned wheels, for an architecture as `gather` takes it. Raises WheelMissing."""
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
        # The oldest C library that a Lambda runtime has.
        command += ["--platform", f"manylinux2014_{_PROCESSORS[name]}", "--implementation", "cp"]
        command += ["--python-version", f"{sys.version_info.major}.{sys.version_info.minor}"]
    command += ["-d", str(folder), *wanted]
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
    prune.slim(partial)
    archives.compile_alone(partial)
    partial.rename(target)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _unpacked(folder: Path, pin: str) -> Path:
    return folder / "lean" / pin


def _folder(house: Path, architecture: str) -> Path:
    return house / f"{architecture}-python{sys.version_info.major}.{sys.version_info.minor}"


def _normal(name: str) -> str:
    return re.sub(r"[._-]+", "-", name).lower()
