"""Print columns and colour on a terminal, whole lines in a pipe."""

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from devcloud.logs import Entry

_PIPE_WIDTH = 100_000
# An escape sequence in a customer's name must not control the reader's terminal.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
STATUS_STYLES = {
    "CONFIRMED": "green",
    "CREATED": "yellow",
    "FAILED": "red",
    "CANCELLED": "red",
    "EXPIRED": "red",
    "running": "green",
    "stopped": "red",
    "ERROR": "red",
    "CRITICAL": "bold red",
    "WARNING": "yellow",
    "INFO": "green",
    "DEBUG": "dim",
}


@dataclass(frozen=True)
class Column:
    """A column of a table. Without wrapping, an id stays whole and can be copied."""

    title: str
    style: str = ""
    wraps: bool = False
    align: str = "left"


def printable(text: str) -> str:
    """Return the text with each control character but tab and line feed spelled out."""
    return _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text)


def print_line(text: str = "", style: str = "") -> None:
    """Print one line, as long as it is."""
    _console().print(Text(printable(text), style=style), soft_wrap=True)


def print_table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under the columns' titles."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(
            column.title,
            justify=column.align,  # type: ignore[arg-type]
            no_wrap=not column.wraps,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(_cell(text, column) for text, column in zip(row, columns, strict=True)))
    _print_trimmed(table)


def print_json(value: Any) -> None:
    """Print a value for a program."""
    print(json.dumps(value, indent=1, ensure_ascii=False, default=str), flush=True)


def _cell(text: str, column: Column) -> Text:
    return Text(printable(text), style=STATUS_STYLES.get(text.strip(), column.style))


def _print_trimmed(table: Table) -> None:
    """Print without the spaces that fill up the last column."""
    console = _console()
    with console.capture() as capture:
        console.print(table)
    for line in capture.get().splitlines():
        print(line.rstrip(), flush=True)


def _console() -> Console:
    """Return a console of the standard output as it is now. Respects NO_COLOR."""
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    return Console(markup=False, highlight=False, emoji=False, width=width)


def print_fact(name: str, value: str) -> None:
    """Print a name and its value, such as an address."""
    line = Text.assemble("  ", (f"{name:<11}", "bold"), printable(value))
    _console().print(line, soft_wrap=True)


def print_log_entry(entry: Entry, function: str) -> None:
    """Print a log line's time, level, function, message and fields, and its traceback."""
    line = Text.assemble(
        (f"{entry.time}  ", "dim"),
        (f"{entry.level:<8}  ", STATUS_STYLES.get(entry.level, "")),
        (f"{function:<24}  ", "cyan"),
        printable(entry.message),
        (f"  {printable(entry.fields)}" if entry.fields else "", "dim"),
    )
    _console().print(line, soft_wrap=True)
    if exception := entry.record.get("exception"):
        print_line(str(exception), style="red")
