"""Generate the section of docs/performance.md about load."""

import os

from tests.benchmarks import load

_SECTION = """
## Load on the local cloud

Absolute figures are not a measure of AWS: only the ratios within this run are meaningful. The
machine has {cores} cores and was busy: {busy:.0f} processes were runnable, on average over the
last 15 minutes of the measurement.

- **the shop**: Locust on the same machine, users without pauses, {seconds} s each, after a
  warm-up of {warm_up} s with as many users. Of eleven requests three list products, three get
  one, two get the cart, two change it and one checks out (`tests/benchmarks/shoppers.py`). Each
  checkout's saga runs concurrently.
- **an empty Lambda**: answers `{{}}` at once, behind the same emulated API Gateway, {floor} s
  each, alternating with the shop: the emulator's own overhead.
- **errors** are 429. The local cloud runs 64 Lambdas at once, including those of sagas and
  consumers, and rejects the next, as AWS does at its own limit.

| users | target | requests/s | p50 ms | p95 ms | p99 ms | errors |
|---|---|---|---|---|---|---|
{rows}
Milliseconds of processor time for each answered request, by process:

- The shop's rows include the sagas, consumers and authorizers that requests started, as far as
  they ran during the measurement.
- **AWS** is the emulator (API Gateway, DynamoDB, queues, Step Functions), one process. *AWS's
  processor* is how much of one processor it used.
- **Started** counts Lambda processes that were new at the end; a start costs as much as many
  calls.
- **Locust**'s time includes its own start.

| users | target | AWS | Lambdas | front door | gateways | Locust | AWS's processor | started |
|---|---|---|---|---|---|---|---|---|
{used}"""


def section() -> str:
    """Measure, and return the section as Markdown."""
    rows = load.measured()
    return _SECTION.format(
        seconds=load.SECONDS,
        warm_up=load.WARM_UP_SECONDS,
        floor=load.FLOOR_SECONDS,
        cores=os.cpu_count(),
        busy=os.getloadavg()[2],
        rows="".join(map(_line, rows)),
        used="".join(map(_uses, rows)),
    )


def _line(row: load.Row) -> str:
    times = " | ".join(f"{row.at(share):.0f}" for share in (0.5, 0.95, 0.99))
    return (
        f"| {row.users} | {row.what} | {row.asked / row.seconds:.0f} | {times} | {row.failed} |\n"
    )


def _uses(row: load.Row) -> str:
    gateways = row.used["stripe"] + row.used["razorpay"]
    who = (
        row.used["aws"],
        row.used["Lambdas"],
        row.used["front-door"],
        gateways,
        row.used["Locust"],
    )
    each = " | ".join(f"{seconds * 1000 / row.asked:.1f}" for seconds in who)
    processor = row.used["aws"] / row.seconds
    return f"| {row.users} | {row.what} | {each} | {processor:.0%} | {row.starts} |\n"
