"""Products as a file describes them, and what is wrong with its rows."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from chalicelib.imports.tables import SourceRow

Body = dict[str, Any]  # as JSON of the API


@dataclass(frozen=True)
class Problem:
    """Why a row was not loaded. `column` is empty where it is not about one."""

    line: int
    column: str
    message: str


@dataclass
class SourceProduct:
    """A product that a row, or several, describe. `body` is that of `POST /product`.

    `columns` says by field in which column it stands; `variant_lines` in which line each variant.
    """

    line: int
    body: Body = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    variant_lines: list[int] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def take(
        self,
        row: SourceRow,
        name: str,
        column: str,
        parse: Callable[[str], Any] = str,
        into: Body | None = None,
    ) -> None:
        """Take a field from the row's cell, if that is not blank."""
        cell = row.cells.get(column)
        if cell is None:
            return
        self.columns[name] = column
        try:
            (self.body if into is None else into)[name] = parse(cell)
        except ValueError as exc:
            self.refuse(row.line, column, str(exc))

    def require(self, row: SourceRow, *columns: str) -> None:
        """Refuse the row if one of the cells is blank."""
        for column in columns:
            if column not in row.cells:
                self.refuse(row.line, column, "is empty; expected a value")

    def refuse(self, line: int, column: str, message: str) -> None:
        """Note what is wrong with a row."""
        self.problems.append(Problem(line, column, message))

    def attach(self, name: str, value: str) -> None:
        """Add a text as an attribute, unless it says nothing or is there."""
        known = self.body.setdefault("attributes", [])
        if value and all(one["name"].casefold() != name.casefold() for one in known):
            known.append({"name": name, "value": value})


def split_list(cell: str, separator: str = ",") -> list[str]:
    """Return the parts of a cell that say something."""
    return [part for part in (one.strip() for one in cell.split(separator)) if part]
