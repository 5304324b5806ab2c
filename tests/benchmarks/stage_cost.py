"""Compute what a stage costs in a month, from its templates."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from delivery import canary, cfn, packaging, versions
from delivery.paths import ROOT, SERVICES
from tests.benchmarks import cost

PAGE = ROOT / "docs" / "performance.md"
_PRICES = Path(__file__).with_name("prices.toml")
_TEMPLATES = ("resources.yml", "state-machine.yml")
_ORDERS_A_DAY, _DAYS = 1_000, 30
# The sections that are computed, and nothing measured, in the page.
_COMPUTED = re.compile(r"\n## Requests to AWS\n.*?(?=\n## (?!Cost of))", re.DOTALL)
_SECTION = """
## Cost of a stage in a month

Counted in the packaged templates of `prod` by `tests/benchmarks/stage_cost.py`, at the prices of
`tests/benchmarks/prices.toml`, which are to be checked like those above. A test fails while this
page is old; `make docs` writes it.

| what | number | unit | USD in a month |
|---|---|---|---|
{rows}| **idle** | | | **{idle:.0f}** |
| **with {orders:,} orders a day**, without mails | | | **{busy:.0f}** |
| their mails at $100 for a million: SES before June 2025, or plan NONE \
| {mails:,} | mails | {cheap:.2f} |
| the same on the plan Essentials, $160 | {mails:,} | mails | {dear:.2f} |

- `ONE_MAIL_PER_ORDER` halves the mails. A new account is on the plan Essentials until it chooses
  the plan NONE.
- `dev` has neither snapshots nor alarms of a release: ${dev:.0f} idle.
- **Not counted**: metrics of the shop itself ($0.30 each), storage and its backups, restoring
  snapshots, browsing, the hosted zone ($0.50), tracing, the free tier.
"""

Counts = Counter[str]


def section() -> str:
    """The cost of an idle stage and of a busy one, as Markdown."""
    prices = tomllib.loads(_PRICES.read_text())
    month, numbers = prices["month"], count("prod")
    idle, orders = _idle(month, "prod"), _ORDERS_A_DAY * _DAYS / 1e6
    million = cost.million_orders()
    mails = orders * million["SES"]
    bare = orders * sum(each for what, each in million.items() if what not in cost.MAILS)
    essentials = prices["ses_essentials"]["per_million_mails"]
    usual = next(each["per_million"] for each in prices["price"] if each["what"] == "SES")
    return _SECTION.format(
        rows="".join(_row(each, numbers[each["what"]]) for each in month),
        idle=idle,
        dev=_idle(month, "dev"),
        busy=idle + bare,
        orders=_ORDERS_A_DAY,
        mails=round(mails / usual * 1e6),
        cheap=mails,
        dear=mails * essentials / usual,
    )


@cache
def count(stage: str) -> Counts:
    """Count what is paid for by the month in a stage."""
    numbers: Counts = Counter()
    for name, resource in _resources(stage):
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind == "AWS::CloudWatch::Alarm":
            numbers["alarms"] += _metrics(properties)
        elif kind == "AWS::CloudWatch::Dashboard":
            numbers["dashboards"] += 1
        elif kind == "AWS::SecretsManager::Secret":
            numbers["secrets"] += 1
        elif kind == "AWS::WAFv2::WebACL":
            numbers["firewall"] += 1
            numbers["firewall rules"] += len(properties["Rules"])
        elif kind == "AWS::Serverless::Function":
            sources = properties.get("Events", {}).values()
            numbers["queue polling"] += sum(each["Type"] == "SQS" for each in sources)
            # The property SnapStart is not set for each Python that packages.
            if stage == canary.STAGE and name in canary.AWAITED:
                numbers["snapshots"] += properties["MemorySize"] / 1024 * versions.KEPT
    return numbers


def with_costs(page: str) -> str:
    """Return the page with its computed sections as they are now."""
    computed = cost.section() + section()
    replaced, number = _COMPUTED.subn(lambda _: computed.rstrip("\n") + "\n", page)
    assert number == 1, "the page has lost its section about requests to AWS"
    return replaced


def _idle(month: list[dict[str, Any]], stage: str) -> float:
    numbers = count(stage)
    return sum(float(each["price"]) * numbers[each["what"]] for each in month)


def _metrics(alarm: dict[str, Any]) -> int:
    """An alarm on an expression is paid for each metric in it."""
    return sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1


def _resources(stage: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for service in SERVICES:
        build = ROOT / "build"
        packaged = packaging.package(
            ROOT / service, stage, build / f"{service}-{stage}", build / "wheels"
        )
        yield from json.loads(packaged.read_text())["Resources"].items()
        for name in _TEMPLATES:
            if (ROOT / service / name).exists():
                yield from cfn.read(ROOT / service / name)["Resources"].items()


def _row(price: dict[str, Any], number: float) -> str:
    what = f"[{price['what']}]({price['source']})"
    return f"| {what} | {number:g} | {price['unit']} | {price['price'] * number:.2f} |\n"


if __name__ == "__main__":
    PAGE.write_text(with_costs(PAGE.read_text()))
