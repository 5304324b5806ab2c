"""Run the reconciliation Lambda to its end, and format its findings."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from delivery.clouds import Cloud

_LAMBDA = "checkout-orchestrator-local-reconcile"
_SECONDS = 900  # that the Lambda may take

Finding = dict[str, Any]


class BooksNotRead(RuntimeError):
    """The reconciliation failed. The message is the Lambda's."""


@dataclass(frozen=True)
class Verdict:
    """How many orders were checked, and what is wrong."""

    orders: int
    findings: list[Finding]

    def lines(self) -> Iterator[str]:
        """Yield kind, subject, outcome and detail of each finding."""
        for finding in self.findings:
            about = finding.get("orderId") or finding.get("productId") or ""
            yield f"{finding['kind']:<24}{about:<34}{finding['outcome']:<10}{finding['detail']}"

    def __str__(self) -> str:
        return f"{_counted(self.orders, 'order')}, {_counted(len(self.findings), 'discrepancy')}"


def run(cloud: Cloud, **options: Any) -> Verdict:
    """Invoke the Lambda until everything is checked.

    Options are its own: `day`, `settle`, `fullStock`, `repair`, `orderIds`.
    Raises: BooksNotRead.
    """
    orders, findings, cursor = 0, [], None
    while True:
        report = _invoke(cloud, {**options, "next": cursor})
        orders += report["orders"]
        findings += report["discrepancies"]
        cursor = report["next"]
        if cursor is None:
            return Verdict(orders, findings)


def _invoke(cloud: Cloud, options: dict[str, Any]) -> Any:
    client = cloud.client("lambda", read_seconds=_SECONDS)
    answer = client.invoke(FunctionName=_LAMBDA, Payload=json.dumps(options))
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
