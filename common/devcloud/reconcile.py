"""Asks the running shop whether its books agree: the Lambda reconcile, once or as often as it takes, and its answer as lines."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from delivery.clouds import Cloud

_LAMBDA = "checkout-orchestrator-local-reconcile"
_SECONDS = 900  # that the Lambda may take

Finding = dict[str, Any]


class BooksNotRead(RuntimeError):
    """The Lambda could not check them; the message is its own."""


class BooksDisagree(RuntimeError):
    """There are discrepancies."""


@dataclass(frozen=True)
class Verdict:
    """How many orders were checked, and what is wrong."""

    orders: int
    findings: list[Finding]

    def lines(self) -> Iterator[str]:
        """A row each: the kind, what it is about, what was done about it, and the sentence that explains it."""
        for found in self.findings:
            about = found.get("orderId") or found.get("productId") or ""
            yield f"{found['kind']:<24}{about:<34}{found['outcome']:<10}{found['detail']}"

    def __str__(self) -> str:
        return f"{_counted(self.orders, 'order')}, {_counted(len(self.findings), 'discrepancy')}"


def run(cloud: Cloud, **request: Any) -> Verdict:
    """Check all that is wanted (`day`, `settle`, `fullStock`, `repair`, `orderIds`: see the Lambda), however many runs of the Lambda it takes.

    Raises BooksNotRead.
    """
    orders, findings, cursor = 0, [], None
    while True:
        report = _invoke_reconcile(cloud, {**request, "next": cursor})
        orders += report["orders"]
        findings += report["discrepancies"]
        cursor = report["next"]
        if cursor is None:
            return Verdict(orders, findings)


def _invoke_reconcile(cloud: Cloud, request: dict[str, Any]) -> Any:
    client = cloud.client("lambda", read_seconds=_SECONDS)
    answer = client.invoke(FunctionName=_LAMBDA, Payload=json.dumps(request))
    result = json.loads(answer["Payload"].read())
    if "FunctionError" in answer:
        raise BooksNotRead(
            f"The books could not be checked: {result.get('errorMessage') or result}"
        )
    return result


def _counted(number: int, word: str) -> str:
    if number == 1:
        return f"1 {word}"
    return f"{number} {word[:-1]}ies" if word.endswith("y") else f"{number} {word}s"
