import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from localcloud.paths import ROOT, SERVICES

_AT_ONCE = 2


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What each service answered to everything that was tried."""
    folder = tmp_path_factory.mktemp("abuse")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(zip(SERVICES, pool.map(lambda name: attacked(name, folder), SERVICES), strict=True))


def attacked(service: str, folder: Path) -> Any:
    """One service's answers, from a process of its own."""
    file = folder / f"{service}.json"
    command = [sys.executable, "-m", "tests.abuse.attack", service, str(file)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "common"), str(ROOT)))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{service}: {done.stderr[-3000:]}"
    return json.loads(file.read_text())
