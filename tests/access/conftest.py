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

_PROCESSES = 2


@pytest.fixture(scope="session")
def results(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """The results of attack.py for each service that the selected tests need."""
    folder = tmp_path_factory.mktemp("attack")
    services = list(needed_services(request.session.items))
    with ThreadPoolExecutor(_PROCESSES) as pool:
        attempts = pool.map(lambda name: attack(name, folder), services)
        return dict(zip(services, attempts, strict=True))


def needed_services(tests: list[pytest.Item]) -> Iterable[str]:
    """One service with `-k cart-service`, all if a selected test is about all."""
    tests = [test for test in tests if "results" in getattr(test, "fixturenames", ())]
    named = {
        getattr(test, "callspec", None) and test.callspec.params.get("service") for test in tests
    }
    return SERVICES if None in named else sorted(named)


def attack(service: str, folder: Path) -> Any:
    """Attack one service in a process of its own."""
    file = folder / f"{service}.json"
    command = [sys.executable, "-m", "tests.access.attack", service, str(file)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT / "common"), str(ROOT)))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{service}: {done.stderr[-3000:]}"
    return json.loads(file.read_text())
