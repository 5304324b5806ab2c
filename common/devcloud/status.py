"""Report which of a shop's processes and services run."""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

from delivery import smoke
from delivery.paths import SERVICES
from devcloud import shop

_OFFSETS = {"front-door": 0, "aws": 1, "stripe": 2, "razorpay": 3}  # from the shop's port
_UNSIGNED = "Bearer not.a.token"
_TIMEOUT_SECONDS = 15


@dataclass(frozen=True)
class ProcessStatus:
    """One of a shop's processes."""

    name: str
    status: str
    pid: int | None
    url: str

    def as_json(self) -> dict[str, str | int | None]:
        """Return it for a program."""
        return asdict(self)


@dataclass(frozen=True)
class ServiceStatus:
    """One service, as it answers at the front door."""

    name: str
    paths: list[str]
    address: str
    status: str


def processes(directory: Path) -> list[ProcessStatus]:
    """List a shop's processes, running or not, in the order in which they start."""
    port_file = directory / "run" / "port"
    port = int(port_file.read_text()) if port_file.exists() else None
    return [
        ProcessStatus(
            process.name,
            "running" if process.pid else "stopped",
            process.pid,
            f"http://127.0.0.1:{port + _OFFSETS[process.name]}" if port else "",
        )
        for process in shop.processes(directory)
    ]


def services(routes: dict[str, str]) -> list[ServiceStatus]:
    """Ask each deployed service one harmless request of its smoke tests."""
    with ThreadPoolExecutor(len(SERVICES)) as pool:
        statuses = pool.map(lambda name: _service(name, routes), SERVICES)
        return [service for service in statuses if service]


def _service(name: str, routes: dict[str, str]) -> ServiceStatus | None:
    case = _harmless_request(name)
    method, _, path = case["request"].partition(" ")
    address = routes.get("/" + path.partition("?")[0].split("/")[1])
    if address is None:
        return None
    own = sorted(prefix for prefix, target in routes.items() if target == address)
    return ServiceStatus(name, own, address, _health(method, address + path, case))


def _harmless_request(service: str) -> smoke.Case:
    """Return a read-only request that the service's Lambda or authorizer answers."""
    requests: Iterable[smoke.Case] = json.loads(smoke.file_of(service).read_text())["requests"]
    return next(case for case in requests if case["request"].startswith("GET "))


def _health(method: str, url: str, case: smoke.Case) -> str:
    headers = {"Authorization": _UNSIGNED} if case.get("token") else {}
    try:
        response = httpx.request(
            method, url, headers=headers, timeout=_TIMEOUT_SECONDS, trust_env=False
        )
    except httpx.HTTPError as exc:
        return f"does not answer: {type(exc).__name__}"
    if response.status_code == case["answers"]:
        return "healthy"
    return f"answers {response.status_code} instead of {case['answers']}"
