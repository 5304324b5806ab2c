"""Measure how many reservations per second one product sustains: `make bench`.

DynamoDB rejects a transaction on an item that another transaction is writing; the local cloud
never does. So the table is a model here: a transaction holds its items for LATENCY, and a
concurrent one is rejected after REFUSAL. What is measured is the shop's own code,
common.transactions.write: its pauses, and where it gives up. Only ratios are meaningful: how long
a transaction really takes depends on DynamoDB.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
"""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from common import transactions

LATENCY = 0.012  # seconds; a transaction of two items in one region
REFUSAL = 0.004


class Refused(transactions.TransactWriteError):
    """As PynamoDB says that another transaction was faster."""

    @property
    def cancellation_reasons(self) -> list[Any]:
        """One reason: a conflict."""
        return [type("Reason", (), {"code": "TransactionConflict"})()]


class Table:
    """The items that transactions are writing at this moment."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self.refused = 0

    def write(self, items: tuple[str, ...], token: str) -> None:
        """One transaction."""
        if not self._taken(items):
            time.sleep(REFUSAL)
            raise Refused("conflict")
        time.sleep(LATENCY)
        with self._lock:
            self._busy.difference_update(items)

    def _taken(self, items: tuple[str, ...]) -> bool:
        with self._lock:
            if self._busy.intersection(items):
                self.refused += 1
                return False
            self._busy.update(items)
            return True


@dataclass
class Row:
    """How a crowd fared that came at once, each for one reservation."""

    buyers: int
    seconds: float
    given_up: int
    refused: int
    waits: list[float]

    @property
    def a_second(self) -> float:
        """Reservations a second, until the last of the crowd had one."""
        return self.buyers / self.seconds


def measured(buyers: int, products: int) -> Row:
    """Let buyers reserve concurrently, each one product.

    A buyer who gives up retries, as the saga's step does.
    """
    table, waits, given_up = Table(), [], []
    start = threading.Barrier(buyers)

    def buy(buyer: int) -> None:
        start.wait()
        began = time.monotonic()
        while True:
            try:
                transactions.write(f"product-{buyer % products}")
                return waits.append(time.monotonic() - began)
            except transactions.TransactionContended:
                given_up.append(buyer)

    with modelled(table), ThreadPoolExecutor(buyers) as pool:
        list(pool.map(buy, range(buyers)))
    return Row(buyers, max(waits), len(given_up), table.refused, waits)


@contextmanager
def modelled(table: Table) -> Iterator[None]:
    """Replace DynamoDB by the table, below the shop's own code."""
    with patch.object(transactions, "_write", table.write):
        yield


def main() -> None:
    """Print the table."""
    alone = 1 / LATENCY
    print(
        "products  buyers  reservations/s  of one after the other  refusals each  gave up"
        "  p50 ms  p99 ms"
    )
    for products in (1, 32):
        for buyers in (2, 4, 8, 16, 32, 64, 128):
            row = measured(buyers, products)
            p50, p99 = statistics.median(row.waits), statistics.quantiles(row.waits, n=100)[-1]
            print(
                f"{products:>8}  {buyers:>6}  {row.a_second:>14.0f}  {row.a_second / alone:>21.2f}x"
                f"  {row.refused / buyers:>13.1f}  {row.given_up / buyers:>7.1%}"
                f"  {p50 * 1000:>6.0f}  {p99 * 1000:>6.0f}"
            )


if __name__ == "__main__":
    main()
