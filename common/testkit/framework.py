"""Install the packages of Node into node_modules, for `make framework`.

They are the Serverless Framework, and what checks the saga a second time. Nothing else needs Node:
without it those tests of tests/deployment and tests/saga are skipped. Where CI is set, a missing
Node is a failure.
"""

import os
import shutil
import subprocess
import sys

from delivery.paths import ROOT

_OLDEST_NODE = (20, 19)
_PINS, _INSTALLED = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"


def main() -> int:
    """Return 0 if it is installed, or cannot be on this machine. Idempotent."""
    npm = shutil.which("npm")
    if not npm or _node_version() < _OLDEST_NODE:
        print(
            "Node 20.19 or newer is missing: deploying with the Serverless Framework and the"
            " second check of the saga are not tested."
        )
        return 1 if os.environ.get("CI") else 0
    if _INSTALLED.exists() and _INSTALLED.stat().st_mtime >= _PINS.stat().st_mtime:
        return 0
    print("Installing the packages of Node into node_modules (once)...", flush=True)
    status = subprocess.call([npm, "ci", "--silent", "--no-fund", "--no-audit"], cwd=ROOT)
    if status:
        print(f"npm ci failed with status {status}; `npm ci` alone says why.", file=sys.stderr)
        return 1
    _INSTALLED.touch()
    return 0


def _node_version() -> tuple[int, ...]:
    try:
        done = subprocess.run(["node", "--version"], capture_output=True, text=True)
        return tuple(int(part) for part in done.stdout.strip().removeprefix("v").split("."))
    except (OSError, ValueError):
        return ()


if __name__ == "__main__":
    sys.exit(main())
