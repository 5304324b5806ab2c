"""A copy of a service to deploy from, and the deployed service to call."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from delivery import wheels
from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES
from tests.deployment import deployed
from tests.deployment.environment import variables

STAGE = "dev"
_BIN = Path(sys.executable).parent
_IGNORED = shutil.ignore_patterns(
    "tests", "__pycache__", "deployments", "deployed", ".serverless", ".pytest_cache"
)


@dataclass(frozen=True)
class Sandbox:
    """A copy of one service and of common, without the rest of the repository."""

    service: str
    folder: Path
    cloud: Cloud

    @classmethod
    def create(cls, service: str, place: Path, cloud: Cloud) -> "Sandbox":
        """Copy the service to `place`, with symlinks as a clone has them."""
        shutil.copytree(ROOT / service, place / service, symlinks=True, ignore=_IGNORED)
        shutil.copytree(ROOT / "common/common", place / "common/common", ignore=_IGNORED)
        return cls(service, place / service, cloud)

    def chalice(self, command: str) -> str:
        """Run `chalice <command> --stage dev` in the folder. Returns its output."""
        return self._run(_BIN / "chalice", command, "--stage", STAGE)

    def declared(self) -> dict[str, Any]:
        """The entry points that app.py declares now."""
        declared: dict[str, Any] = json.loads(
            self._run(sys.executable, Path(__file__).with_name("declarations.py"))
        )
        return declared

    def add_route(self) -> None:
        """Add a route to the service's code, and a header to every response in common's."""
        app = self.folder / "app.py"
        route = f"/{self.declared_root()}/added"
        added = f"@app.route('{route}')\ndef added():\n    return {{'added': True}}\n"
        app.write_text(f"{app.read_text()}\n\n{added}")
        security_headers = self.folder / "vendor/common/security_headers.py"
        security_headers.write_text(f'{security_headers.read_text()}\nSAFE["X-Added"] = "yes"\n')

    def declared_root(self) -> str:
        """The first word of the service's paths: `cart`."""
        return sorted(self.declared()["routes"])[0].split("/")[1]

    def _run(self, *command: str | Path) -> str:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        settings = {
            **variables(self.cloud),
            "AWS_CHALICE_CLI_MODE": "true",
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(download_wheels()),
            "SERVICE_ALONE": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            [str(part) for part in command],
            cwd=self.folder,
            env=inherited | settings,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout


@dataclass(frozen=True)
class Deployed:
    """A deployed service as its callers see it."""

    service: str
    cloud: Cloud

    @property
    def url(self) -> str:
        """The URL of its API."""
        api = deployed.api_of(self.cloud, self.service)
        return f"{self.cloud.endpoint}/_aws/execute-api/{api}/api"

    def request(
        self, method: str, path: str, token: str | None = None, body: Any = None
    ) -> httpx.Response:
        """Send a request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def invoke(self, name: str, event: Any) -> Any:
        """Invoke a Lambda. Fails the test if it raises."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=f"{self.service}-{STAGE}-{name}", Payload=json.dumps(event)
        )
        result = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, result
        return result


def download_wheels() -> Path:
    """Download the wheels of all services once, for this machine and for stage dev.

    Chalice's pip then needs no network.
    """
    folder = ROOT / "build/wheels/chalice"
    lines = [
        line
        for name in SERVICES
        for line in (ROOT / name / "requirements.txt").read_text().splitlines()
    ]
    pins = sorted({line for line in lines if line and not line.startswith("#")})
    marker = folder / hashlib.sha256("\n".join([sys.version, *pins]).encode()).hexdigest()[:20]
    if not marker.exists():
        folder.mkdir(parents=True, exist_ok=True)
        for architecture in ("arm64", wheels.THIS_MACHINE):
            wheels.download(pins, architecture, folder)
        marker.touch()
    return folder
