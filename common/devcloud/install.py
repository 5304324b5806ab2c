"""Make .venv with the pinned packages, for `make`.

The system's Python runs this file, so it uses nothing but the standard library, and Python 3.6
must be able to read it: an old one is told so in a sentence. Of two `make` in a fresh clone the
second waits for the first, and finds all done.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

_SUPPORTED = ("3.11", "3.12", "3.13")
_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
_ROOT = Path(__file__).resolve().parents[2]
_VENV, _PINS = _ROOT / ".venv", _ROOT / "requirements-dev.txt"
_PYTHON, _DONE = _VENV / "bin" / "python", _VENV / "installed"
_AT_ONCE = 10  # packages that pip installs from one line of progress to the next
# Python runs this line when .venv's starts. A Lambda of the local cloud, and Chalice where it
# packages one, must find `common` in the service's own folder, as on AWS.
_PATH_LINE = (
    "import os, sys; {'AWS_LAMBDA_FUNCTION_NAME', 'SERVICE_ALONE'} & {*os.environ} or "
    "sys.path.append(os.path.join(os.path.dirname(sys.prefix), 'common'))\n"
)
# The commands of .venv/bin that are ours. For a service that works alone, chalice is the package's.
_COMMANDS = {
    "shop": """#!/bin/sh
export PYTHONUTF8=1
exec "$(dirname "$0")/python" -m devcloud "$@"
""",
    "chalice": """#!/bin/sh
export PYTHONUTF8=1
[ -z "$SERVICE_ALONE" ] || exec "$(dirname "$0")/python" -c \
  'import sys; from chalice.cli import main; sys.argv[0] = "chalice"; sys.exit(main())' "$@"
exec "$(dirname "$0")/python" -m devcloud.chalice_command "$@"
""",
}


class NotInstalled(Exception):
    """The packages cannot be installed. The message says why in a sentence."""


def main(arguments: "list[str]") -> int:
    """Return 0 once all is installed, else 1.

    With --rebuild an installation of another Python is replaced. Idempotent.
    """
    try:
        _require_python()
        _require_symlinks()
        _install_once(rebuild="--rebuild" in arguments)
    except NotInstalled as exc:
        print(exc, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: the next `make` starts the installation again.", file=sys.stderr)
        return 1
    return 0


def _require_python() -> None:
    if _VERSION not in _SUPPORTED:
        names = [f"python{version}" for version in reversed(_SUPPORTED)]
        usable = [name for name in names if shutil.which(name) and _succeeds(name, "-c", "")]
        raise NotInstalled(
            f"Python {_VERSION} is not supported: 3.11 to 3.13 is."
            f" Say which one to use: make up PYTHON={(usable or ['/path/to/python3.12'])[0]}"
        )
    if os.name != "posix":
        raise NotInstalled("Windows needs WSL: clone the repository there, and run make there.")
    if not (find_spec("venv") and find_spec("ensurepip")):
        raise NotInstalled(
            "This Python lacks what makes a venv; on Debian and Ubuntu that is a package:"
            f" sudo apt install python{_VERSION}-venv"
        )


def _require_symlinks() -> None:
    for link in sorted(_ROOT.glob("*/vendor/common")):
        if not link.is_dir():
            raise NotInstalled(
                f"{link.relative_to(_ROOT)} is not a symlink in this checkout. "
                "Let git make symlinks:"
                " git config core.symlinks true && git checkout HEAD -- '*/vendor/common'"
            )


def _install_once(rebuild: bool) -> None:
    import fcntl  # not on Windows

    with _PINS.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            _say("Another make is installing the packages: waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        pins = [line for line in lock.read().splitlines() if re.match(r"\w", line)]
        _bring_up_to_date(pins, rebuild)


def _bring_up_to_date(pins: "list[str]", rebuild: bool) -> None:
    contents = [*pins, _PATH_LINE, *_COMMANDS.values()]
    expected = {
        "python": [sys.version, sys.base_prefix],
        "packages": hashlib.sha256("\n".join(contents).encode()).hexdigest(),
    }
    installed = _installed()
    if installed and rebuild and installed["python"] != expected["python"]:
        _say(f".venv was made by Python {installed['python'][0].split()[0]}: rebuilding it.")
        installed = None
    elif not installed and _VENV.exists():
        _say("The last installation into .venv was not finished: starting it again.")
    if not installed:
        _make_venv()
    elif installed["packages"] == expected["packages"]:
        _DONE.touch()
        return
    _say(f"Installing {len(pins)} pinned packages into .venv, for Python {_VERSION}.")
    _install_packages(pins)
    _write_entry_points()
    _DONE.write_text(
        json.dumps({**expected, **({"python": installed["python"]} if installed else {})})
    )


def _installed() -> "dict[str, Any] | None":
    """Return what the installation was made of, None where it cannot be used."""
    try:
        known = json.loads(_DONE.read_text())
        return known if "python" in known and _succeeds(str(_PYTHON), "-m", "pip", "-V") else None
    except (OSError, ValueError, TypeError):
        return None


def _make_venv() -> None:
    maker = getattr(sys, "_base_executable", None) or sys.executable
    _run([maker, "-I", "-m", "venv", "--clear", str(_VENV)])


def _install_packages(pins: "list[str]") -> None:
    if _DONE.exists():
        _DONE.unlink()  # from here on it is unfinished
    pip = [str(_PYTHON), "-I", "-m", "pip", "install", "--no-deps", "--progress-bar", "off"]
    for start in range(0, len(pins), _AT_ONCE):
        chunk = pins[start : start + _AT_ONCE]
        _say(f"  packages {start + 1} to {start + len(chunk)} of {len(pins)}")
        _run([*pip, *chunk])


def _run(command: "list[str]") -> None:
    """Raises: NotInstalled with what the command itself says is the reason."""
    environment = dict(os.environ, PIP_USER="0", PIP_DISABLE_PIP_VERSION_CHECK="1")
    done = subprocess.run(
        command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode == 0:
        return
    text = done.stdout.decode(errors="replace")
    broken = re.search(r"connection broken by '(\w+)", text)
    if broken:
        raise NotInstalled(
            f"The package index cannot be reached ({broken[1]}). "
            "Installing needs the network; behind a"
            " proxy, HTTPS_PROXY or pip's configuration names it."
        )
    lines = [line for line in text.splitlines() if line.startswith("ERROR: ")] or text.splitlines()
    raise NotInstalled(f"`{' '.join(command[1:5])} ...` failed: {' '.join(lines[-1:])}")


def _succeeds(*command: str) -> bool:
    try:
        return not subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except OSError:
        return False


def _write_entry_points() -> None:
    """Make common's packages importable, and write the commands of .venv/bin.

    All stay right when the folder is moved.
    """
    for packages in _VENV.glob("lib/python*/site-packages"):
        (packages / "commerce.pth").write_text(_PATH_LINE)
    for name, script in _COMMANDS.items():
        command = _VENV / "bin" / name
        command.unlink(missing_ok=True)
        command.write_text(script)
        command.chmod(0o755)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
