"""How many reservations a second one product bears: `make bench`.

DynamoDB refuses a transaction that touches an item which another transaction is just writing
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling); the local cloud
never does. So the table is a model here: a transaction holds its items for LATENCY, whoever comes meanwhile is refused after
REFUSAL. What is measured is the shop's own code, common.transactions.write: its pauses, and where it gives up. Ratios count, not
figures: how long a transaction really takes is DynamoDB's business.
"""

import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from common import transactions

LATENCY = 0.012  # seconds; a transaction of two items in one region
REFUSAL = 0.004
SECONDS = 4.0


class Refused(transactions.TransactWriteError):
    """As PynamoDB says that another transaction was faster."""

    @property
    def cancellation_reasons(self):
        return [type("Reason", (), {"code": "TransactionConflict"})()]


class Table:
    """The items that transactions are writing at this moment."""

    def __init__(self) -> None:
        self._busy: set[str] = set()
        self._lock = threading.Lock()
        self.refused = 0

    def write(self, items: tuple[str, ...], token: str) -> None:
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
    """What so many buyers at once achieved."""

    buyers: int
    done: int
    given_up: int
    refused: int
    waits: list[float]

    @property
    def a_second(self) -> float:
        return self.done / SECONDS


def measured(buyers: int, products: int) -> Row:
    """So many buyers who reserve one after the other, each one of the products in turn."""
    table, waits, given_up = Table(), [], 0
    end = time.monotonic() + SECONDS

    def buy(buyer: int) -> None:
        nonlocal given_up
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                transactions.write(f"product-{buyer % products}")
                waits.append(time.monotonic() - began)
            except transactions.TransactionContended:
                given_up += 1

    with modelled(table), ThreadPoolExecutor(buyers) as pool:
        list(pool.map(buy, range(buyers)))
    return Row(buyers, len(waits), given_up, table.refused, waits)


@contextmanager
def modelled(table: Table) -> Iterator[None]:
    """The table instead of DynamoDB; everything above it is the shop's."""
    with patch.object(transactions, "_write", table.write):
        yield


def main() -> None:
    alone = measured(1, 1)
    print("buyers  products  reservations/s  of one buyer's  refusals each  given up  p50 ms  p99 ms")
    for products in (1, 32):
        for buyers in (1, 2, 4, 8, 16, 32, 64):
            row = measured(buyers, products)
            p50, p99 = statistics.median(row.waits), statistics.quantiles(row.waits, n=100)[98]
            print(
                f"{buyers:>6}  {products:>8}  {row.a_second:>14.0f}  {row.a_second / alone.a_second:>13.2f}x"
                f"  {row.refused / row.done:>13.1f}  {row.given_up / (row.done + row.given_up):>8.1%}"
                f"  {p50 * 1000:>6.0f}  {p99 * 1000:>6.0f}"
            )


if __name__ == "__main__":
    main()
