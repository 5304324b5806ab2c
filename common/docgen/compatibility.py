"""Compatibility of today's services with those of the last release, both ways."""

from collections.abc import Iterator
from typing import Any

from docgen.openapi.changes import all_given, unread

Contracts = dict[str, Any]


def misunderstandings(released: Contracts, today: Contracts, owners: dict[str, str]) -> list[str]:
    """List what one side sends or stores and the other cannot read.

    `owners` has the service that writes each table.
    """
    return [
        *_of_events(released["events"], today["events"]),
        *_of_steps(released, today),
        *_of_tables(released["tables"], today["tables"], owners),
    ]


def _of_events(before: Contracts, now: Contracts) -> Iterator[str]:
    for name, known in before.items():
        if name not in now:
            yield f"{name} is announced no more, and the last release waits for it"
            continue
        yield from unread(f"{name}, read by the last release", now[name], known)
        yield from unread(f"{name}, sent by the last release", known, now[name])


def _of_steps(released: Contracts, today: Contracts) -> Iterator[str]:
    """A Lambda and the state machine are two stacks, and never change at once."""
    for name, before in released["steps"].items():
        now = today["steps"].get(name)
        if now is None:
            yield f"{name} is gone, and the state machine of the last release calls it"
            continue
        if before["answer"]:
            answer = all_given(before["answer"])
            yield from unread(
                f"{name}'s answer, read by the last release", now["answer"] or {}, answer
            )
        yield from _not_given(
            f"{name}, called by the last release", released["sentToSteps"], name, now
        )
        yield from _not_given(f"{name} of the last release", today["sentToSteps"], name, before)


def _not_given(
    where: str, sent: dict[str, list[list[str]]], step: str, reads: Contracts
) -> Iterator[str]:
    for fields in sent.get(step, []):
        for field in reads["input"].get("required", []):
            if field not in fields:
                yield f"{where}: {field} is not given to it"


def _of_tables(before: Contracts, now: Contracts, owners: dict[str, str]) -> Iterator[str]:
    """Items stay in their table: every reader meets those of both versions."""
    for reader, table in _readers(now):
        if written := before.get(owners[table], {}).get(table):
            yield from _unreadable(
                f"{reader} reads {table} of the last release", written, now[reader][table]
            )
    for reader, table in _readers(before):
        written = now.get(owners.get(table, ""), {}).get(table, {})
        yield from _unreadable(
            f"{reader} of the last release reads {table}", written, before[reader][table]
        )


def _readers(tables: Contracts) -> Iterator[tuple[str, str]]:
    return ((reader, table) for reader, known in tables.items() for table in known)


def _unreadable(where: str, written: Contracts, read: Contracts) -> Iterator[str]:
    for name, type_read in read.items():
        if name not in written:
            if not type_read["unread"]:
                yield f"{where}: {name} is not there"
        elif written[name]["type"] != type_read["type"]:
            yield f"{where}: {name} is {written[name]['type']}, not {type_read['type']}"
        elif written[name]["unwritten"] and not type_read["unread"]:
            yield f"{where}: {name} is not always there"
