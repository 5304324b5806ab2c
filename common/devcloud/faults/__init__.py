"""Inject faults between a shop's Lambdas and other systems, and report them."""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAGA = "the saga"  # stands for a function's name where Step Functions itself calls something


@dataclass(frozen=True, order=True)
class Point:
    """A side effect: the `number`-th such call of one invocation, or of the saga."""

    function: str
    call: str
    number: int

    def __str__(self) -> str:
        return f"{self.function} {self.call} #{self.number}"


class Faults:
    """The fault plan of one shop, which Lambdas read at the start of an invocation."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._plan: dict[str, Any] = {}
        self._planned = 0
        self._lock, self._clock = threading.RLock(), threading.Lock()
        directory.mkdir(parents=True, exist_ok=True)

    def none(self) -> None:
        """Clear the plan: no faults from now on."""
        with self._lock:
            self._plan = {}
            self._write()

    @contextmanager
    def ahead(self, seconds: float, function: str = "") -> Iterator[None]:
        """Advance the clock of the shop, or of one Lambda, inside the context. Serialized."""
        with self._clock:
            self._set("clock", {"seconds": seconds, "function": function})
            try:
                yield
            finally:
                self._set("clock", {})

    def rates(self, seed: int = 0, slow_seconds: float = 0.5, **rates: float) -> None:
        """Set the rates of faults.

        Kinds: before, after (the process is killed), lost, throttled, error, slow, conflict.
        """
        self._set("rates", {**rates, "seed": seed, "slowSeconds": slow_seconds})

    def plan(self, point: Point, how: str, marks: Sequence[str]) -> str:
        """Plan one fault for an event or request with one of the marks. Returns its id."""
        with self._lock:
            self._planned += 1
            identifier = f"{os.getpid()}-{self._planned}"
            fault = {**vars(point), "how": how, "marks": list(marks), "id": identifier}
            pending = [
                known
                for known in self._plan.get("faults", [])
                if not self.has_happened(known["id"])
            ]
            self._plan["faults"] = [*pending, fault]
            self._write()
        return identifier

    def give_up(self, identifier: str) -> None:
        """Withdraw a planned fault that has not happened."""
        with self._lock:
            self._plan["faults"] = [
                known for known in self._plan.get("faults", []) if known["id"] != identifier
            ]
            self._write()

    def has_happened(self, identifier: str) -> bool:
        """Whether the planned fault took place."""
        return (self.directory / f"claimed-{identifier}").exists()

    def trace(self, marks: Iterable[str]) -> None:
        """Record every side effect from now on, with the marks that it concerns."""
        self._set("trace", list(marks))

    def traced(self, marks: Iterable[str] | None = None) -> list[Point]:
        """Return the distinct side effects, of all marks or these."""
        wanted = set(marks) if marks is not None else None
        rows = [row for row in self._lines("trace") if wanted is None or wanted & set(row["marks"])]
        return sorted({Point(row["function"], row["call"], row["number"]) for row in rows})

    def meter(self, marks: Iterable[str]) -> None:
        """Meter invocations, requests and DynamoDB units that concern these marks."""
        self._set("meter", list(marks))

    def metered(self, marks: Iterable[str]) -> list[dict[str, Any]]:
        """Return what was metered about these marks.

        Fields: function, call (or `invocation`), `reads` or `writes` in units.
        """
        wanted = set(marks)
        return [row for row in self._lines("metered") if wanted & set(row["marks"])]

    def accesses(self) -> set[tuple[str, str, str]]:
        """Return what Lambdas used of AWS so far: function, action, resource ARN."""
        return {
            (row["function"], row["action"], row["resource"]) for row in self._lines("accesses")
        }

    def fired(self) -> Counter[str]:
        """Count the faults that happened, by kind."""
        return Counter(row["how"] for row in self._lines("fired"))

    def _lines(self, name: str) -> list[dict[str, Any]]:
        file = self.directory / f"{name}.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def _set(self, name: str, value: Any) -> None:
        with self._lock:
            self._plan[name] = value
            self._write()

    def _write(self) -> None:
        partial = self.directory / "plan.partial"
        partial.write_text(json.dumps(self._plan))
        os.replace(partial, self.directory / "plan.json")
