"""Measures zips, cold starts, a warm request and a shop under load, and writes docs/performance.md: `make bench`."""

from collections.abc import Mapping

from delivery import packaging
from delivery.paths import ROOT, SERVICES
from devcloud import machine
from tests.benchmarks import cold_start, cost, load_page

PAGE = ROOT / "docs" / "performance.md"
_INTRODUCTION = """# Performance

Made by `make bench`. What is counted (sizes, which modules a start loads, what is asked of AWS) fails `make check` where it grows:
`tests/contracts/test_packages.py`, `tests/benchmarks/test_budgets.py`, `tests/benchmarks/test_usage.py`. What is timed does not: processor time on the machine that made this page, so that only the ratios mean anything.

## Zips

For arm64, compiled, without what AWS's runtime has, and the same bytes for the same files. At most 8 MB each.

| service | MB |
|---|---|
"""
_COLD = """
## Cold starts

A fresh process imports the handler from its zip, in turns with one that does `import boto3; boto3.client("dynamodb")` ({raw:.0f} ms here): medians of
{rounds} turns, as multiples of that. A start is the import of the handler; clients are made at the first call. The second figure is the start and
the whole first call together, with AWS's answers from memory. All Lambdas of a service for one purpose start alike, so one stands for them.
*With Stripe*: its SDK is imported as well, which a Lambda does at its first call to the gateway.

| Lambda | start | at most | with the first call |
|---|---|---|---|
"""
_WHY = """
What a start loads is decided in `common/lazy_imports.py`. A Lambda for one purpose loads tables and clients at its first call: its start is short, and
the first call pays for what it needs, no more and no less. Where AWS gives a start more processor than a call (1,769 MB are one processor,
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html; 512 MB are 0.29), loading early would be quicker; importing PynamoDB alone costs six tenths of the reference, so that no Lambda can do so within 0.6. With SnapStart,
which `prod` has from Python 3.12 on, everything is loaded before the snapshot, and the question does not arise. Not measured on AWS.

## A warm request

`GET /order/{{orderId}}`, which makes one call to DynamoDB, takes {warm:.2f} times the processor time of that call through botocore alone, as botocore
comes (at most 1.6). What the shop's own calls spare is in it: botocore puts a user agent together twice for every call, and the shop's is made once
(`common/aws.py`). By a profile of such requests, which makes small functions look larger than they are:

| in | share |
|---|---|
{shares}
What Python's own library takes is put down to the package that called it: the log line's JSON to Powertools.
"""
_PARTS = {
    "botocore, with urllib3": ("botocore", "urllib3", "boto3", "jmespath", "s3transfer"),
    "PynamoDB": ("pynamodb",),
    "Powertools: the log line": ("aws_lambda_powertools",),
    "Chalice": ("chalice",),
    "the shop's own code": ("app", "chalicelib", "common"),
}


def main() -> None:
    """Write the page."""
    machine.prepare()
    raw, rows = cold_start.measured()
    sizes = "".join(f"| {name} | {_megabytes(name):.2f} |\n" for name in SERVICES)
    starts = "".join(_line(row) for row in rows)
    (warm,) = [row for row in rows if row.warm]
    cold = _COLD.format(raw=raw, rounds=cold_start.ROUNDS)
    page = (
        _INTRODUCTION
        + sizes
        + cold
        + starts
        + _WHY.format(warm=warm.warm, shares=_shares(warm.shares or {}))
    )
    PAGE.write_text(page + cost.section() + load_page.section())
    print(f"{PAGE.relative_to(ROOT)} is written")


def _line(row: cold_start.Row) -> str:
    first = f"{row.first:.2f}" if row.first else ""
    return f"| {row.what} | {row.start:.2f} | {row.budget} | {first} |\n"


def _shares(found: Mapping[str, float]) -> str:
    parts = {
        name: sum(found.get(each, 0) for each in packages) for name, packages in _PARTS.items()
    }
    parts["all else"] = 1 - sum(parts.values())
    return "".join(f"| {name} | {part:.0%} |\n" for name, part in parts.items())


def _megabytes(service: str) -> float:
    wheels = ROOT / "build" / "wheels"
    template = packaging.package(ROOT / service, "dev", ROOT / "build" / f"{service}-dev", wheels)
    return template.with_name(packaging.ZIP).stat().st_size / 1_000_000


if __name__ == "__main__":
    main()
