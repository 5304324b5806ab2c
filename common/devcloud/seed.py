"""Load products from a CSV file over HTTP, as an admin: `make seed FILE=...`."""

import argparse
import csv
import json
import re
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from common import money

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


@dataclass
class Report:
    """The result of a load: how many rows succeeded, and what was wrong, by line."""

    loaded: int = 0
    problems: dict[int, str] = field(default_factory=dict)

    def lines(self) -> Iterator[str]:
        """The report for people."""
        for line, problem in sorted(self.problems.items()):
            yield f"line {line}: {problem}"
        yield f"{self.loaded} products loaded, {len(self.problems)} rows not"


def load(url: str, token: str, path: Path, say: Say = lambda line: None) -> Report:
    """Load the valid rows of a file and report the others. Idempotent by sku.

    Raises: CatalogueUnreadable when the file cannot be read, its columns are not COLUMNS, or the
    shop does not respond or rejects the token.
    """
    report = Report()
    good = list(_good_rows(path, report))
    headers = {"Authorization": f"Bearer {token}"}
    pool = ThreadPoolExecutor(_AT_ONCE)
    with httpx.Client(base_url=url, headers=headers, timeout=40) as http:
        try:
            for done, (line, problem) in enumerate(
                pool.map(lambda row: _send(http, *row), good), 1
            ):
                _note(report, line, problem)
                if done % 100 == 0:
                    say(f"{done} of {len(good)} products")
        finally:
            pool.shutdown(cancel_futures=True)
    for line_of_report in report.lines():
        say(line_of_report)
    return report


def _note(report: Report, line: int, problem: str | None) -> None:
    if problem:
        report.problems[line] = problem
    else:
        report.loaded += 1


def _good_rows(path: Path, report: Report) -> Iterator[tuple[int, Row]]:
    seen: dict[str, int] = {}
    for line, row in _rows(path):
        if problem := _problem(row) or _repeated(row, seen):
            report.problems[line] = problem
        else:
            seen[row["sku"]] = line
            yield line, row


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    """Each row, and the line that it begins in."""
    reader = csv.DictReader(
        _text(path).splitlines(keepends=True), restkey="", restval=None, strict=True
    )
    try:
        _check_columns(path, list(reader.fieldnames or ()))
        before = reader.line_num
        for row in reader:
            yield before + 1, {name: _trimmed(value) for name, value in row.items()}
            before = reader.line_num
    except csv.Error as problem:
        raise CatalogueUnreadable(f"{path}, line {reader.line_num + 1}: {problem}.") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise CatalogueUnreadable(f"{path} cannot be read: {problem.strerror}.") from None
    except UnicodeDecodeError as problem:
        raise CatalogueUnreadable(f"{path} is not UTF-8: byte {problem.start} is not.") from None


def _check_columns(path: Path, found: list[str]) -> None:
    if sorted(found) == sorted(COLUMNS):
        return
    wrong = [f"lacks {name}" for name in COLUMNS if name not in found]
    wrong += [
        f"has {name!r} too much" for name in found if name not in COLUMNS or found.count(name) > 1
    ]
    raise CatalogueUnreadable(
        f"{path}: the first line {', '.join(wrong)}; expected {','.join(COLUMNS)}."
    )


def _trimmed(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


def _problem(row: Row) -> str | None:
    if "" in row or None in row.values():
        found = sum(value is not None for name, value in row.items() if name) + len(row.get("", ()))
        return f"{found} columns; expected {len(COLUMNS)}"
    if empty := [name for name in COLUMNS if not row[name]]:
        return f"{empty[0]} is empty; expected a value in every column"
    if not _SKU.fullmatch(row["sku"]):
        return (
            f"sku {row['sku']!r}; expected 1 to 100 letters, digits, dots, dashes and underscores"
        )
    if not _COUNT.fullmatch(row["stock"]):
        return f"stock {row['stock']!r}; expected a whole number from 0"
    return _price_problem(row)


def _price_problem(row: Row) -> str | None:
    if not _PRICE.fullmatch(row["price"]):
        return f"price {row['price']!r}; expected an amount of money such as 12.99"
    try:
        money.minor(row["price"], row["currency"])
    except money.InvalidAmount as problem:
        return f"price {row['price']} {row['currency']}: {problem}"
    return None


def _repeated(row: Row, seen: dict[str, int]) -> str | None:
    earlier = seen.get(row["sku"])
    return (
        f"sku {row['sku']} stands in line {earlier} already; expected each sku once"
        if earlier
        else None
    )


def _send(http: httpx.Client, line: int, row: Row) -> tuple[int, str | None]:
    answer = _post(http, _body(row), row["sku"])
    if answer.status_code == 201:
        return line, None
    if answer.status_code == 422:
        return line, f"sku {row['sku']} is already loaded with other values"
    if answer.status_code in (401, 403):
        raise CatalogueUnreadable(f"The shop lets only an admin load products: {answer.text}")
    return line, f"{answer.status_code} {answer.text}"


def _post(http: httpx.Client, body: str, sku: str) -> httpx.Response:
    """Post a product, with retries while the shop is busy, failing or unreachable."""
    headers = {"Content-Type": "application/json", "Idempotency-Key": sku}
    for attempt in range(_TRIES):
        time.sleep(_PAUSE_SECONDS * 2 ** (attempt - 1) if attempt else 0)
        try:
            answer = http.post("/product", content=body, headers=headers)
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
    texts = {name: row[name] for name in ("name", "category", "description", "currency")}
    price, stock = Decimal(row["price"]), int(row["stock"])
    return f'{json.dumps(texts)[:-1]}, "price": {price:f}, "stock": {stock}}}'


def main(arguments: Sequence[str] | None = None) -> int:
    """Load a file into the running shop as its admin. Returns 1 if a row failed."""
    parser = argparse.ArgumentParser(prog="python -m devcloud.seed", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument(
        "--dir", type=Path, default=Path(".local"), help="where the shop keeps its state"
    )
    given = parser.parse_args(arguments)
    try:
        url, token = _admin(given.dir)
        report = load(url, token, given.file, print)
    except CatalogueUnreadable as problem:
        print(problem, file=sys.stderr)
        return 1
    return 1 if report.problems else 0


def _admin(directory: Path) -> tuple[str, str]:
    note = directory / "shop.json"
    if not note.exists():
        raise CatalogueUnreadable(f"There is no shop in {directory}: run `make up` first.")
    shop = json.loads(note.read_text())
    who = {"email": shop["adminEmail"], "password": shop["adminPassword"]}
    try:
        answer = httpx.post(f"{shop['url']}/user/login", json=who, timeout=40)
    except httpx.TransportError:
        raise CatalogueUnreadable(
            f"The shop at {shop['url']} does not answer: run `make up` first."
        ) from None
    if answer.is_error:
        raise CatalogueUnreadable(
            f"The shop does not let its admin in: {answer.status_code} {answer.text}"
        )
    return str(shop["url"]), str(answer.json()["token"])


if __name__ == "__main__":
    sys.exit(main())
