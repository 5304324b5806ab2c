import time
from collections.abc import Callable, Iterator
from typing import Any

import faults
import pytest
from actors import Shop
from steps import new_order

from chalicelib.search import reader
from common import clock
from testkit import conflicts


@pytest.fixture
def shop(api: Any, tokens: Any) -> Iterator[Shop]:
    reader.clear()
    yield Shop(api, tokens)
    reader.clear()


@pytest.fixture
def bowl(shop: Shop) -> str:
    """Five Protein Bowls."""
    return shop.create(stock=5)


@pytest.fixture
def tea(shop: Shop) -> str:
    """Three Teas."""
    return shop.create(name="Tea", price=3, stock=3)


@pytest.fixture
def order() -> str:
    return new_order()


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the service's clock so many seconds ahead of the real time."""

    def ahead(seconds: float) -> None:
        monkeypatch.setattr(clock, "epoch", lambda: int(time.time() + seconds))

    return ahead


@pytest.fixture
def before_write(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    return faults.run_before_write(monkeypatch)


@pytest.fixture
def transaction_conflicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    return conflicts.cause_conflicts(monkeypatch)


@pytest.fixture
def crash_after_write(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    return faults.crash_after_transaction(monkeypatch)
