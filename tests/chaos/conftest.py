import os
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from devcloud import shop as local
from devcloud.faults import Faults
from tests.chaos.harness import ChaosHarness

_TALLY: Counter[str] = Counter()


@pytest.fixture(scope="session")
def is_long() -> bool:
    """Whether this is `make chaos`, or the short form that every change passes."""
    return os.environ.get("CHAOS") == "long"


@pytest.fixture(scope="session")
def harness(shop: local.Shop, faults: Faults) -> Iterator[ChaosHarness]:
    """The shop with fault injection."""
    harness = ChaosHarness(shop, faults, _TALLY)
    yield harness
    harness.close()


@pytest.fixture(autouse=True)
def _stop_faults(harness: ChaosHarness) -> Iterator[None]:
    """The faults of a test end with it."""
    yield
    harness.stop_faults()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Print a failure when it happens: the run may last another hour."""
    if report.failed:
        print(f"\n{report.nodeid}\n{report.longreprtext}\n", file=sys.__stderr__, flush=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what was tried and what was found."""
    if _TALLY:
        terminalreporter.section("chaos")
        for name, count in sorted(_TALLY.items()):
            terminalreporter.write_line(f"{count:>8}  {name}")
