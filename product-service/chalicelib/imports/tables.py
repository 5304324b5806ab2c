"""A CSV file as rows: encoding, delimiter, lines, spelling of cells."""

import csv
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from common import text

_DELIMITERS = ",;\t|"
_ESCAPED = re.compile(r"^'(?=[=+\-@0-9\t])")
_BYTE_ORDER_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


class FileUnreadable(ValueError):
    """The file as a whole is no catalogue. The message says why."""


@dataclass(frozen=True)
class SourceRow:
    """A row that is not blank, and the line that it begins in."""

    line: int
    cells: dict[str, str]  # by column, without those that are blank


@dataclass(frozen=True)
class Table:
    """The columns of a file and its rows."""

    columns: tuple[str, ...]
    rows: tuple[SourceRow, ...]
    problems: dict[int, str]  # by line: rows that are no rows of the table

    def group_rows(self, column: str) -> Iterable[list[SourceRow]]:
        """Return the rows with the same cell together, those without one each alone."""
        groups: dict[str, list[SourceRow]] = {}
        for row in self.rows:
            groups.setdefault(row.cells.get(column, f"\0{row.line}"), []).append(row)
        return groups.values()


def read_table(data: bytes, is_header: Callable[[list[str]], bool]) -> Table:
    """Read the file with the delimiter whose first line is a header that is known.

    Raises: FileUnreadable.
    """
    content = _decode(data)
    if not content.strip():
        raise FileUnreadable("the file is empty; expected a line of column names")
    first = content.lstrip("\r\n").splitlines()[0]
    for delimiter in _DELIMITERS:
        columns = [name.strip() for name in next(csv.reader([first], delimiter=delimiter))]
        if is_header(columns):
            return _read_rows(content, delimiter)
    raise FileUnreadable(f"the columns are not known: {first[:200]}")


def _decode(data: bytes) -> str:
    encoding = _BYTE_ORDER_MARKS.get(data[:2], "utf-8-sig")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as exc:
        line = data.count(b"\n", 0, exc.start) + 1
        raise FileUnreadable(f"line {line} is not UTF-8; save the file as UTF-8") from None


def _read_rows(content: str, delimiter: str) -> Table:
    reader = csv.reader(content.splitlines(keepends=True), delimiter=delimiter, strict=True)
    columns: tuple[str, ...] = ()
    rows: list[SourceRow] = []
    problems: dict[int, str] = {}
    for line, cells in _numbered(reader):
        if not any(cell.strip() for cell in cells):
            continue
        if not columns:
            columns = _header(cells)
        elif len(cells) > len(columns) and any(cells[len(columns) :]):
            problems[line] = f"{len(cells)} cells; expected {len(columns)}, one for each column"
        else:
            rows.append(SourceRow(line, _spelled(columns, cells)))
    return Table(columns, tuple(rows), problems)


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield each row with the line that it begins in."""
    before = 0
    try:
        for cells in reader:
            yield before + 1, cells
            before = reader.line_num
    except csv.Error as exc:
        raise FileUnreadable(f"line {before + 1}: {exc}; expected texts in closed quotes") from None


def _header(cells: list[str]) -> tuple[str, ...]:
    columns = tuple(cell.strip() for cell in cells)
    named = [name for name in columns if name]
    if repeated := sorted({name for name in named if named.count(name) > 1}):
        raise FileUnreadable(f"column {repeated[0]} is there twice; expected each once")
    return columns


def _spelled(columns: tuple[str, ...], cells: list[str]) -> dict[str, str]:
    """The cells that say something, without the apostrophes of spreadsheets."""
    spelled = {
        name: text.normalize(_ESCAPED.sub("", cell.strip()))
        for name, cell in zip(columns, cells, strict=False)
        if name
    }
    return {name: cell for name, cell in spelled.items() if cell}
