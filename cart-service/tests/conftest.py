import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import faults
import pytest
from actors import Customer, Guest
from tables import BOWL, STAMPS, product, put_rows

from testkit.tokens import JIMMY

Sell = Callable[..., str]


@pytest.fixture
def sell(other_tables) -> Sell:
    """Put a product into the catalogue, as product-service would, or replace it."""
    other_tables("Products")

    def put(product_id: str = BOWL, *args: Any, **more: Any) -> str:
        put_rows("Products", [product(product_id, *args, **more)])
        return product_id

    return put


@pytest.fixture
def bowl(sell: Sell) -> str:
    """12.99 USD, on sale."""
    return sell()


@pytest.fixture
def guest(api) -> Guest:
    return Guest(api)


@pytest.fixture
def jimmy(api, tokens) -> Customer:
    return Customer(api, tokens.customer(JIMMY), JIMMY)


@pytest.fixture
def anna(api, tokens) -> Customer:
    return Customer(api, tokens.customer("USER#01ANNA", "anna@example.com"), "USER#01ANNA")


@pytest.fixture
def admin(api, tokens) -> Customer:
    return Customer(api, tokens.admin(), "USER#01ADMIN")


@pytest.fixture
def fill_cart(sell: Sell) -> Callable[[str, int], list[str]]:
    """Put one each of so many products, which are on sale, into a cart."""

    def fill(user_id: str, number: int) -> list[str]:
        products = [f"PROD#FULL{each:03}" for each in range(number)]
        put_rows("Products", [product(each) for each in products])
        line = {"userId": user_id, "qty": 1, **STAMPS}
        put_rows("Carts", [{**line, "productId": each} for each in products])
        return products

    return fill


@pytest.fixture
def full_cart(sell: Sell, jimmy: Customer) -> Sequence[str]:
    """250 products, one, two or three of each, in Jimmy's cart."""
    products = [f"PROD#{number:03}" for number in range(1, 251)]
    put_rows("Products", [product(each, f"Bowl {int(each[5:])}") for each in products])
    lines = [{"productId": each, "qty": number % 3 + 1} for number, each in enumerate(products)]
    put_rows("Carts", [{"userId": JIMMY, **line, **STAMPS} for line in lines])
    return products


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between retries, which are skipped."""
    taken: list[float] = []
    monkeypatch.setattr(time, "sleep", taken.append)
    return taken


@pytest.fixture
def limit_batches(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> Callable[[str, int], list[int]]:
    return faults.limit_batches(monkeypatch)


@pytest.fixture
def before_write(monkeypatch: pytest.MonkeyPatch, pauses: list[float]) -> Callable[..., None]:
    return faults.run_before_write(monkeypatch)


@pytest.fixture
def concurrently() -> Iterator[Callable[..., list[Any]]]:
    """Run all actions at the same time, each in a thread. Returns their results."""
    with ThreadPoolExecutor(16) as pool:

        def run(*actions: Callable[[], Any]) -> list[Any]:
            start = threading.Barrier(len(actions))

            def join(action: Callable[[], Any]) -> Any:
                start.wait(10)
                return action()

            return list(pool.map(join, actions))

        yield run
