import json
import os
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from delivery.paths import ROOT, SERVICES

_AT_ONCE = 2


@pytest.fixture(scope="session")
def told(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What each service that the chosen tests ask for answered to everything that was tried."""
    folder = tmp_path_factory.mktemp("abuse")
    services = list(asked_for(request.session.items))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return dict(
            zip(services, pool.map(lambda name: attacked(name, folder), services), strict=True)
        )


def asked_for(tests: list[pytest.Item]) -> Iterable[str]:
    """With `-k cart-service` that one alone; all, if a test wants to know of all."""
    asking = [test for test in tests if "told" in getattr(test, "fixturenames", ())]
    named = {
        getattr(test, "callspec", None) and test.callspec.params.get("service") for test in asking
    }
    return SERVICES if None in named else sorted(named)


def attacked(service: str, folder: Path) -> Any:
    """One service's answers, from a process of its own."""
    file = folder / f"{service}.json"
    command = [sys.executable, "-m", "tests.access.attack", service, str(file)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "common"), str(ROOT)))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{service}: {done.stderr[-3000:]}"
    return json.loads(file.read_text())
