"""Loads products from a CSV file over HTTP, as an admin would: `make seed FILE=...`."""

import csv
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path

import httpx

COLUMNS = ("sku", "name", "category", "description", "price", "currency", "stock")
_SKU = re.compile(r"[A-Za-z0-9._-]{1,100}")
_AT_ONCE = 6
_TRIES = 4
_PAUSE_SECONDS = 0.5

Say = Callable[[str], None]
Row = dict[str, str]


class CatalogueUnreadable(RuntimeError):
    """The file as a whole is not a catalogue; nothing was loaded."""


@dataclass
class Report:
    """What became of a file: how many rows were loaded, and what was wrong with the others, by line."""

    loaded: int = 0
    problems: dict[int, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The report for people."""
        for line, problem in sorted(self.problems.items()):
            yield f"line {line}: {problem}"
        yield f"{self.loaded} products loaded, {len(self.problems)} rows not"


def load(url: str, token: str, path: Path, say: Say = lambda line: None) -> Report:
    """Load the file's good rows and report the bad ones. Safe to repeat: a row is one product, by its sku.

    Raises CatalogueUnreadable if the file cannot be read or its columns are not COLUMNS.
    """
    report = Report()
    good = list(_good_rows(path, report))
    headers = {"Authorization": f"Bearer {token}"}
    with (
        httpx.Client(base_url=url, headers=headers, timeout=40) as http,
        ThreadPoolExecutor(_AT_ONCE) as pool,
    ):
        for done, (line, problem) in enumerate(pool.map(lambda row: _send(http, *row), good), 1):
            if problem:
                report.problems[line] = problem
            else:
                report.loaded += 1
            if done % 100 == 0:
                say(f"{done} of {len(good)} products")
    for line_of_report in report.lines():
        say(line_of_report)
    return report


def _good_rows(path: Path, report: Report) -> Iterator[tuple[int, Row]]:
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        if problem := _problem(row) or _repeated(row, seen):
            report.problems[line] = problem
        else:
            seen[row["sku"]] = line
            yield line, row


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise CatalogueUnreadable(f"{path} cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise CatalogueUnreadable(f"{path} is not UTF-8: byte {problem.start} is not") from None
    reader = csv.DictReader(text.splitlines(keepends=True), restkey="", restval=None, strict=True)
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            found = ",".join(reader.fieldnames or ["nothing"])
            raise CatalogueUnreadable(f"{path} has the columns {found}; expected {','.join(COLUMNS)}")
        for row in reader:
            yield reader.line_num, row
    except csv.Error as problem:
        raise CatalogueUnreadable(f"{path}, line {reader.line_num + 1}: {problem}") from None


def _problem(row: Row) -> str | None:
    if "" in row or None in row.values():
        found = sum(value is not None for name, value in row.items() if name) + len(row.get("", ()))
        return f"{found} columns; expected {len(COLUMNS)}"
    if empty := [name for name in COLUMNS if not row[name].strip() and name != "description"]:
        return f"{empty[0]} is empty"
    if not _SKU.fullmatch(row["sku"]):
        return f"sku {row['sku']!r} is not 1 to 100 letters, digits, dots, dashes and underscores"
    if not _is_price(row["price"]):
        return f"price {row['price']!r} is not an amount of money such as 12.99"
    if not (row["stock"].isascii() and row["stock"].isdigit()):
        return f"stock {row['stock']!r} is not a whole number from 0"
    return None


def _is_price(text: str) -> bool:
    try:
        price = Decimal(text)
    except InvalidOperation:
        return False
    return price.is_finite() and price >= 0


def _repeated(row: Row, seen: dict[str, int]) -> str | None:
    earlier = seen.get(row["sku"])
    return f"sku {row['sku']} stands in line {earlier} already" if earlier else None


def _send(http: httpx.Client, line: int, row: Row) -> tuple[int, str | None]:
    answer = _post(http, _body(row), row["sku"])
    if answer.status_code == 201:
        return line, None
    if answer.status_code == 422:
        return line, f"sku {row['sku']} is loaded already, with other values"
    return line, f"{answer.status_code} {answer.text}"


def _post(http: httpx.Client, body: str, sku: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", "Idempotency-Key": f"sku-{sku}"}
    for attempt in range(_TRIES):
        answer = http.post("/product", content=body, headers=headers)
        if answer.status_code != 429 and answer.status_code < 500:
            break
        time.sleep(_PAUSE_SECONDS * 2**attempt)
    return answer


def _body(row: Row) -> str:
    """The row as JSON, its price with the very digits of the file."""
    texts = {name: row[name].strip() for name in ("name", "category", "description", "currency")}
    return f'{json.dumps(texts)[:-1]}, "price": {Decimal(row["price"]):f}, "stock": {int(row["stock"])}}}'
