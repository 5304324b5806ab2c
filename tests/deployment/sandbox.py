"""A service's folder to deploy from, and the deployed service to call."""

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
from tests.deployment.conftest import environment

STAGE = "dev"
_BIN = Path(sys.executable).parent
_LEFT = shutil.ignore_patterns(
    "tests", "__pycache__", "deployments", "deployed", ".serverless", ".pytest_cache"
)


@dataclass(frozen=True)
class Workshop:
    """A copy of one service and of what it vendors, with nothing else of the repository beside them."""

    service: str
    folder: Path
    cloud: Cloud

    @classmethod
    def of(cls, service: str, place: Path, cloud: Cloud) -> "Workshop":
        """Copied to `place`, as a clone has them."""
        shutil.copytree(ROOT / service, place / service, symlinks=True, ignore=_LEFT)
        shutil.copytree(ROOT / "common/common", place / "common/common", ignore=_LEFT)
        return cls(service, place / service, cloud)

    def chalice(self, command: str) -> str:
        """What `chalice <command> --stage dev` prints, typed in the folder; fails where it does."""
        return self._run(_BIN / "chalice", command, "--stage", STAGE)

    def declared(self) -> dict[str, Any]:
        """What app.py declares as it stands now."""
        found: dict[str, Any] = json.loads(
            self._run(sys.executable, Path(__file__).with_name("declared.py"))
        )
        return found

    def change(self) -> None:
        """Give the service a route more, and all its answers a header, by its own code and by common's."""
        app = self.folder / "app.py"
        route = f"/{self.declared_root()}/news"
        app.write_text(
            f"{app.read_text()}\n\n@app.route('{route}')\ndef news():\n    return {{'news': True}}\n"
        )
        security_headers = self.folder / "vendor/common/security_headers.py"
        security_headers.write_text(
            f'{security_headers.read_text()}\nSAFE["X-Shipped"] = "twice"\n'
        )

    def declared_root(self) -> str:
        """The first word of the service's paths: `cart`."""
        return sorted(self.declared()["routes"])[0].split("/")[1]

    def _run(self, *command: str | Path) -> str:
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        settings = {
            **environment(self.cloud),
            "AWS_CHALICE_CLI_MODE": "true",
            "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheelhouse()),
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
    """A deployed service, as its callers see it."""

    service: str
    cloud: Cloud

    @property
    def url(self) -> str:
        """Where its API answers."""
        return f"{self.cloud.endpoint}/_aws/execute-api/{deployed.api_of(self.cloud, self.service)}/api"

    def ask(
        self, method: str, path: str, token: str | None = None, body: Any = None
    ) -> httpx.Response:
        """One request."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def invoke(self, name: str, event: Any) -> Any:
        """What one of its Lambdas answers; fails if it raises."""
        answer = self.cloud.client("lambda").invoke(
            FunctionName=f"{self.service}-{STAGE}-{name}", Payload=json.dumps(event)
        )
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said


def wheelhouse() -> Path:
    """Every package of the six services as wheels, this machine's and stage dev's: fetched once, so that Chalice's pip
    needs no network from then on."""
    house = ROOT / "build/wheels/chalice"
    lines = [
        line
        for name in SERVICES
        for line in (ROOT / name / "requirements.txt").read_text().splitlines()
    ]
    wanted = sorted({line for line in lines if line and not line.startswith("#")})
    note = house / hashlib.sha256("\n".join([sys.version, *wanted]).encode()).hexdigest()[:20]
    if not note.exists():
        house.mkdir(parents=True, exist_ok=True)
        for architecture in ("arm64", wheels.THIS_MACHINE):
            wheels.download(wanted, architecture, house)
        note.touch()
    return house
