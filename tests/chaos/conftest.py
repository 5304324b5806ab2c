import os
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from devcloud import shop as local
from devcloud.faults import Faults
from tests.chaos.harness import Tormented

_TALLY: Counter[str] = Counter()


@pytest.fixture(scope="session")
def is_long() -> bool:
    """Whether this is `make chaos`, or the short form that every change passes."""
    return os.environ.get("CHAOS") == "long"


@pytest.fixture(scope="session")
def tormented(shop: local.Shop, faults: Faults) -> Iterator[Tormented]:
    """The shop in which things go wrong."""
    at_work = Tormented(shop, faults, _TALLY)
    yield at_work
    at_work.leave()


@pytest.fixture(autouse=True)
def _calm(tormented: Tormented) -> Iterator[None]:
    """Whatever a test let go wrong ends with it."""
    yield
    tormented.calm()


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Tell at once what failed: the end is far."""
    if report.failed:
        print(f"\n{report.nodeid}\n{report.longreprtext}\n", file=sys.__stderr__, flush=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What was tried, and what was found."""
    if _TALLY:
        terminalreporter.section("chaos")
        for what, count in sorted(_TALLY.items()):
            terminalreporter.write_line(f"{count:>8}  {what}")
