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

    def plan(self, point: Point, how: str, tags: Sequence[str]) -> str:
        """Inject a fault once, and return its id.

        It happens in the first event or request that contains one of the correlation tags.
        """
        with self._lock:
            self._planned += 1
            identifier = f"{os.getpid()}-{self._planned}"
            fault = {**vars(point), "how": how, "tags": list(tags), "id": identifier}
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

    def trace(self, tags: Iterable[str]) -> None:
        """Record every side effect from now on, with the tags that it contains."""
        self._set("trace", list(tags))

    def traced(self, tags: Iterable[str] | None = None) -> list[Point]:
        """Return the side effects seen, each once, of these tags or of all."""
        wanted_tags = set(tags) if tags is not None else None
        rows = [
            row
            for row in self._lines("trace")
            if wanted_tags is None or wanted_tags & set(row["tags"])
        ]
        return sorted({Point(row["function"], row["call"], row["number"]) for row in rows})

    def meter(self, tags: Iterable[str]) -> None:
        """Count invocations, requests and DynamoDB's units with these tags from now on."""
        self._set("meter", list(tags))

    def metered(self, tags: Iterable[str]) -> list[dict[str, Any]]:
        """Return what was counted with these tags.

        Each row has function, call (or `invocation`), and `reads` or `writes` in units.
        """
        wanted_tags = set(tags)
        return [row for row in self._lines("metered") if wanted_tags & set(row["tags"])]

    def iam_usage(self) -> set[tuple[str, str, str]]:
        """Return each function, IAM action and resource ARN since the shop started."""
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
