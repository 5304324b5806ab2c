"""Check the types of each service in its own run of mypy.

All six have modules `app` and `chalicelib`.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from delivery.paths import ROOT, SERVICES

SERVICE = ["app.py", "chalicelib"]  # what of a service is checked
_CONFIG = ROOT / "pyproject.toml"


def main(named: Sequence[str] = ()) -> int:
    """Check the named services, or everything. 1 if mypy finds anything."""
    jobs = (
        []
        if named
        else [
            (ROOT / "common", ["common", "delivery", "devcloud", "docgen", "scaffold", "testkit"])
        ]
    )
    jobs += [(ROOT / name, SERVICE) for name in named or SERVICES]
    with ThreadPoolExecutor(2) as pool:
        return max(pool.map(lambda job: check(*job), jobs))


def check(folder: Path, targets: list[str]) -> int:
    """Run mypy and print its findings. Return its status."""
    command = [sys.executable, "-m", "mypy", "--config-file", str(_CONFIG), *targets]
    cache = ROOT / ".mypy_cache" / folder.name
    environment = {**os.environ, "MYPYPATH": f".:{ROOT / 'common'}", "MYPY_CACHE_DIR": str(cache)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    print(f"{folder.name}: {(done.stdout + done.stderr).strip()}", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
