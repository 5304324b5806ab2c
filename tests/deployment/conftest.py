import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from delivery import deploy
from delivery.clouds import Cloud
from delivery.paths import SERVICES
from devcloud.processes import Process
from tests.deployment.sandbox import STAGE
from tests.support.ports import free_port, is_free


@pytest.fixture(scope="session")
def empty_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cloud]]:
    """Starts an empty local AWS at each call, without shop and gateways."""
    running: dict[Path, Process] = {}

    def start() -> Cloud:
        port, home = free_port(), tmp_path_factory.mktemp("cloud")
        running[home] = Process(home, "aws")
        running[home].start(
            "devcloud.emulator.server", ["--port", str(port), "--dir", str(home)], {}
        )
        running[home].await_answer(lambda: not is_free(port))
        return Cloud(f"http://127.0.0.1:{port}")

    yield start
    for home, process in running.items():
        process.stop()
        # Holds every zip unpacked. Deleting it takes a while on a busy disk.
        subprocess.Popen(["rm", "-rf", home / "tmp"], start_new_session=True)


@pytest.fixture(scope="module")
def cloud(empty_cloud: Callable[[], Cloud]) -> Cloud:
    """A local AWS with the data stacks of all services, and none of their code."""
    cloud = empty_cloud()
    deploy.make_bucket(cloud)
    for name in sorted(SERVICES, key=lambda name: name != deploy.ORCHESTRATOR):
        deploy.deploy_resources(cloud, name, STAGE, print)
    return cloud
