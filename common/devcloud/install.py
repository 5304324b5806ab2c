"""Makes .venv with the pinned packages, for `make`; run by the system's Python, so with nothing but what Python brings.

Two `make` in a fresh clone come here at once: the second waits for the first, and finds all done.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV, WANTED = ROOT / ".venv", ROOT / "requirements-dev.txt"
DONE = VENV / "installed"
_OLDEST, _TOO_NEW = (3, 11), (3, 14)


def main() -> int:
    """0 once all is installed; 1 with the reason in a sentence."""
    if not _OLDEST <= sys.version_info[:2] < _TOO_NEW:
        print(
            f"Python {sys.version_info[0]}.{sys.version_info[1]} is not supported: 3.11 to 3.13 is."
            " Say which one to use: make PYTHON=python3.12 ...",
            file=sys.stderr,
        )
        return 1
    VENV.mkdir(exist_ok=True)
    with (VENV / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if DONE.exists() and DONE.stat().st_mtime >= WANTED.stat().st_mtime:
            return 0
        print("Installing the pinned packages into .venv (once; under a minute)...", flush=True)
        pip = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--quiet", "--quiet"]
        for command in ([sys.executable, "-m", "venv", str(VENV)], [*pip, "-r", str(WANTED)]):
            if status := subprocess.run(command, cwd=ROOT).returncode:
                print(
                    f"The packages could not be installed: `{' '.join(command)}` failed.",
                    file=sys.stderr,
                )
                return min(status, 1)
        DONE.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
