"""Load products from a CSV file over HTTP, as an admin: `make seed FILE=...`."""

import csv
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from common import money, text

COLUMNS = ("sku", "name", "category", "description", "price", "currency", "stock")
_SKU = re.compile(r"[A-Za-z0-9._-]{1,100}")
_PRICE = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
_COUNT = re.compile(r"[0-9]{1,9}", re.ASCII)
_AT_ONCE = 6
_TRIES = 4
_PAUSE_SECONDS = 0.5

Say = Callable[[str], None]
Row = dict[str, str]


class CatalogueUnreadable(RuntimeError):
    """The file as a whole is not a catalogue, or the shop lets nobody in to load it."""


class Outcome(StrEnum):
    """What became of a good row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Refused:
    """Why a row was not loaded. `column` is None where it is not about one."""

    column: str | None
    message: str

    def __str__(self) -> str:
        return f"column {self.column}: {self.message}" if self.column else self.message


@dataclass
class Report:
    """What became of a file's rows, and what was wrong with those not loaded, by line."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    problems: dict[int, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The report for people."""
        for line, problem in sorted(self.problems.items()):
            separator = ", " if problem.startswith("column ") else ": "
            yield f"line {line}{separator}{problem}"
        counts = ", ".join(f"{self.outcomes[outcome]} {outcome}" for outcome in Outcome)
        yield f"{counts}; {len(self.problems)} rows not loaded"
        if known := self.outcomes[Outcome.UPDATED] + self.outcomes[Outcome.UNCHANGED]:
            yield f"the stock of {known} known products was left as it is"


class _Admin(httpx.Auth):
    """Logs the admin in again when the access token has expired."""

    def __init__(self, log_in: Callable[[], str]) -> None:
        self._log_in, self._token, self._lock = log_in, log_in(), threading.Lock()

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Send the request, and once more with a new token if the old one is refused."""
        token = self._token
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            with self._lock:
                if self._token == token:
                    self._token = self._log_in()
            request.headers["Authorization"] = f"Bearer {self._token}"
            yield request


def load(url: str, log_in: Callable[[], str], path: Path, say: Say = lambda line: None) -> Report:
    """Load the valid rows of a file and report the others. Idempotent by SKU.

    A known product gets the row's values, but for its stock.

    Raises: CatalogueUnreadable when the file cannot be read, its columns are not COLUMNS, or the
    shop does not respond or rejects the token.
    """
    report = Report()
    good = list(_good_rows(path, report))
    pool = ThreadPoolExecutor(_AT_ONCE)
    with httpx.Client(base_url=url, auth=_Admin(log_in), timeout=40) as http:
        try:
            for done, (line, outcome) in enumerate(
                pool.map(lambda row: _send(http, *row), good), 1
            ):
                _note(report, line, outcome)
                if done % 100 == 0:
                    say(f"{done} of {len(good)} products")
        finally:
            pool.shutdown(cancel_futures=True)
    for line_of_report in report.lines():
        say(line_of_report)
    return report


def _note(report: Report, line: int, outcome: Outcome | Refused) -> None:
    if isinstance(outcome, Outcome):
        report.outcomes[outcome] += 1
    else:
        report.problems[line] = str(outcome)


def _good_rows(path: Path, report: Report) -> Iterator[tuple[int, Row]]:
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        if problem := _problem(row) or _repeated(row, seen):
            report.problems[line] = str(problem)
        else:
            seen[row["sku"]] = line
            yield line, row


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row, and the line that it begins in."""
    reader = csv.DictReader(
        _text(path).splitlines(keepends=True), restkey="", restval=None, strict=True
    )
    before = 0
    try:
        _check_columns(path, list(reader.fieldnames or ()))
        before = reader.line_num
        for row in reader:
            yield before + 1, {name: _trimmed(value) for name, value in row.items()}
            before = reader.line_num
    except csv.Error as problem:
        raise CatalogueUnreadable(
            f"{path}, line {before + 1}: {problem}; expected {len(COLUMNS)} columns separated by"
            " commas, texts in closed quotes."
        ) from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise CatalogueUnreadable(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError as problem:
        line = problem.object.count(b"\n", 0, problem.start) + 1
        raise CatalogueUnreadable(
            f"{path}, line {line} is not UTF-8: byte {problem.object[problem.start]:#04x}; save the"
            " file as UTF-8."
        ) from None


def _check_columns(path: Path, columns: list[str]) -> None:
    if sorted(columns) == sorted(COLUMNS):
        return
    wrong = [f"lacks {name}" for name in COLUMNS if name not in columns]
    wrong += [
        f"has {name!r} too much"
        for name in columns
        if name not in COLUMNS or columns.count(name) > 1
    ]
    raise CatalogueUnreadable(
        f"{path}: the first line {', '.join(wrong)}; expected {','.join(COLUMNS)}."
    )


def _trimmed(value: Any) -> Any:
    return text.normalize(value) if isinstance(value, str) else value


def _problem(row: Row) -> Refused | None:
    if "" in row or None in row.values():
        count = sum(value is not None for name, value in row.items() if name) + len(row.get("", ()))
        return Refused(None, f"{count} columns; expected {len(COLUMNS)}")
    if empty := [name for name in COLUMNS if not row[name]]:
        return Refused(empty[0], "is empty; expected a value in every column")
    if not _SKU.fullmatch(row["sku"]):
        return Refused(
            "sku",
            f"{row['sku']!r}; expected 1 to 100 letters, digits, dots, dashes and underscores",
        )
    if not _COUNT.fullmatch(row["stock"]):
        return Refused("stock", f"{row['stock']!r}; expected a whole number from 0")
    return _price_problem(row)


def _price_problem(row: Row) -> Refused | None:
    if not _PRICE.fullmatch(row["price"]):
        return Refused("price", f"{row['price']!r}; expected an amount of money such as 12.99")
    try:
        money.minor(row["price"], row["currency"])
    except money.InvalidAmount as problem:
        return Refused("price", f"{row['price']} {row['currency']}: {problem}")
    return None


def _repeated(row: Row, seen: dict[str, int]) -> Refused | None:
    if earlier := seen.get(row["sku"]):
        return Refused("sku", f"{row['sku']} is in line {earlier} already; expected each sku once")
    return None


def _send(http: httpx.Client, line: int, row: Row) -> tuple[int, Outcome | Refused]:
    """Create the row's product, or bring the one with its SKU to the row's values."""
    answer = _request(http, "POST", "/product", _body(row))
    if answer.status_code == 201:
        return line, Outcome.CREATED
    if _code(answer) == "SkuTaken":
        return line, _update(http, row)
    return line, _refused(answer)


def _update(http: httpx.Client, row: Row) -> Outcome | Refused:
    """Update the product with this SKU, but for its stock: goods were sold since."""
    answer = _request(http, "GET", f"/products?sku={row['sku']}")
    if answer.is_error:
        return _refused(answer)
    if not (products := answer.json(parse_float=Decimal)):
        return Refused("sku", f"{row['sku']} is of an archived product; expected another")
    product = products[0]
    if product["currency"] != row["currency"].upper():
        return Refused("currency", f"{row['currency']}; expected {product['currency']} as before")
    change = _request(http, "PATCH", f"/product/{quote(product['productId'], safe='')}", _body(row))
    if change.is_error:
        return _refused(change)
    same = product == change.json(parse_float=Decimal)
    return Outcome.UNCHANGED if same else Outcome.UPDATED


def _refused(answer: httpx.Response) -> Refused:
    """Return why the shop refused a row, by column.

    Raises: CatalogueUnreadable if it would refuse every row.
    """
    if answer.status_code in (401, 403):
        raise CatalogueUnreadable(f"The shop lets only an admin load products: {answer.text}")
    column, _, message = str(_json(answer).get("Message", "")).partition(": ")
    if answer.status_code == 400 and column in COLUMNS:
        return Refused(column, message)
    return Refused(None, f"{answer.status_code} {answer.text}")


def _code(answer: httpx.Response) -> str:
    return str(_json(answer).get("Code", ""))


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _request(http: httpx.Client, method: str, path: str, body: str | None = None) -> httpx.Response:
    """Send a request, with retries while the shop is busy, failing or unreachable.

    Idempotent: no two products share a SKU.
    """
    headers = {"Content-Type": "application/json"} if body else {}
    for attempt in range(_TRIES):
        time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1) if attempt else 0)
        try:
            answer = http.request(method, path, content=body, headers=headers)
        except httpx.TransportError as problem:
            if attempt == _TRIES - 1:
                raise CatalogueUnreadable(
                    f"The shop at {http.base_url} does not answer: {problem}."
                ) from None
            continue
        if answer.status_code != 429 and answer.status_code < 500:
            break
    return answer


def _body(row: Row) -> str:
    """The row as JSON, its price with the very digits of the file."""
    texts = {name: row[name] for name in ("sku", "name", "category", "description", "currency")}
    price, stock = Decimal(row["price"]), int(row["stock"])
    return f'{json.dumps(texts)[:-1]}, "price": {price:f}, "stock": {stock}}}'
