"""What became of the products of a file, and the report of it as CSV."""

import csv
import io
from collections.abc import Iterable

import msgspec

from chalicelib.imports.source_products import Problem
from chalicelib.imports.statuses import Outcome

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Change(msgspec.Struct):
    """A field of a known product, from what to what."""

    line: int
    field: str
    before: str
    after: str


class Result(msgspec.Struct):
    """What became of a product."""

    line: int
    outcome: Outcome
    product_id: str = ""
    changes: list[Change] = []
    problems: list[Problem] = []


def write_report(results: Iterable[Result]) -> bytes:
    """Return the report as CSV: a line for each problem and change."""
    rows: list[tuple[int, str, str, str, str, str]] = []
    for result in results:
        outcome = result.outcome
        rows += [(one.line, outcome, one.column, one.message, "", "") for one in result.problems]
        rows += [
            (one.line, outcome, one.field, "", one.before, one.after) for one in result.changes
        ]
        if outcome == Outcome.CREATED:
            rows.append((result.line, outcome, "", "", "", result.product_id))
    output = io.StringIO()
    writer = csv.writer(output, lineterminator="\r\n")
    writer.writerow(("line", "outcome", "column", "message", "before", "after"))
    writer.writerows([[_harmless(str(cell)) for cell in row] for row in sorted(rows)])
    return b"\xef\xbb\xbf" + output.getvalue().encode()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet does not take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
