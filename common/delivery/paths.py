"""Paths of the repository and of its services."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# A folder with a Chalice project in it is a service: this is the only list of them.
SERVICES = tuple(sorted(path.parents[1].name for path in ROOT.glob("*/.chalice/config.json")))


def service(name: str) -> Path:
    """Return a service's folder. Raises: UnknownService."""
    if name not in SERVICES:
        raise UnknownService(f"{name} is not a service; these are: {', '.join(SERVICES)}")
    return ROOT / name


class UnknownService(LookupError):
    """No service has this name."""
