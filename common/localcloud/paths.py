"""Where things are: the repository and its services."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SERVICES = (
    "user-service",
    "product-service",
    "cart-service",
    "order-service",
    "checkout-orchestrator",
    "analytics-service",
)


def service(name: str) -> Path:
    """The folder of a service; UnknownService if there is none of that name."""
    if name not in SERVICES:
        raise UnknownService(f"{name} is not a service; these are: {', '.join(SERVICES)}")
    return ROOT / name


class UnknownService(LookupError):
    """No service has this name."""
