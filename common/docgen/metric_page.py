"""Generate docs/metrics.md from the registry of metrics: `make docs`."""

from common import metrics
from common.metrics import Metric
from delivery.paths import ROOT, SERVICES

PAGE = ROOT / "docs/metrics.md"

_HEAD = """# Metrics

Generated from `common/common/metrics.py` by `make docs`; a test fails while they differ. All
metrics are in the namespace `Commerce`. [Observability](observability.md) says how they are
emitted, which alarms watch them, and what to do.
"""


def page() -> str:
    """The page that a person reads."""
    own = "".join(
        _section(service, metrics.of(service)) for service in SERVICES if metrics.of(service)
    )
    everybody = [metric for metric in metrics.REGISTRY.values() if metric.service is None]
    return f"{_HEAD}{own}{_section('every service', everybody)}"


def main() -> None:
    """Write it."""
    PAGE.write_text(page())


def _section(title: str, entries: list[Metric]) -> str:
    rows = "".join(
        f"| `{one.name}` | {one.unit} | {_by(one)} | {one.meaning} |\n" for one in entries
    )
    return f"\n## {title}\n\n| metric | unit | by | what it counts |\n|---|---|---|---|\n{rows}"


def _by(metric: Metric) -> str:
    names = [name for names in metric.dimensions for name in names]
    return ", and by ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    main()
