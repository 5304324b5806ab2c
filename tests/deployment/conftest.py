import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from delivery import deploy
from delivery.clouds import Cloud
from delivery.paths import SERVICES
from devcloud.processes import Process


@pytest.fixture(scope="session")
def empty_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Cloud]]:
    """Starts a local AWS with nothing in it at each call, on a free port; no shop, no gateways."""
    running: dict[Path, Process] = {}

    def start() -> Cloud:
        port, home = _free_port(), tmp_path_factory.mktemp("cloud")
        running[home] = Process(home, "aws")
        running[home].start(
            "devcloud.emulator.server", ["--port", str(port), "--dir", str(home)], {}
        )
        running[home].await_answer(lambda: _answers(port))
        return Cloud(f"http://127.0.0.1:{port}")

    yield start
    for home, process in running.items():
        process.stop()
        # Every zip, unpacked; on a busy disk it takes a while, for which nobody has to wait.
        subprocess.Popen(["rm", "-rf", home / "tmp"], start_new_session=True)


@pytest.fixture(scope="module")
def cloud(empty_cloud: Callable[[], Cloud]) -> Cloud:
    """A local AWS with the data stacks of all six services, and none of their code."""
    made = empty_cloud()
    deploy.make_bucket(made)
    for name in sorted(SERVICES, key=lambda name: name != deploy.ORCHESTRATOR):
        deploy.deploy_resources(made, name, print)
    return made


def environment(cloud: Cloud) -> dict[str, str]:
    """What a shell has that works with this cloud rather than with AWS."""
    return {
        "AWS_ENDPOINT_URL": str(cloud.endpoint),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0
