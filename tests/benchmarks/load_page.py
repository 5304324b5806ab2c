"""The section of docs/performance.md about the local cloud under load."""

import os

from tests.benchmarks import load

_SECTION = """
## Load on the local cloud

Locust on the same machine, users who pause for nothing, {seconds} s each, after as many users have been there for {warm_up} s: of eleven requests three list products, three look at
one, two see the cart, two change it and one checks out (`tests/benchmarks/shoppers.py`); each checkout's saga runs beside them. *Nothing* is a Lambda
that answers `{{}}` at once, behind the same emulated API Gateway, {floor} s each, between the shop's turns: the emulator's floor. Absolute figures are of a busy machine
with {cores} cores (processes that wanted one while this was measured, over 15 minutes: {busy:.0f}) and no measure of AWS; what counts are ratios within this run. An error is a 429: the
local cloud runs 64 Lambdas at once, sagas' and consumers' among them, and refuses the next, as AWS does at its own limit.

| users | of | requests/s | p50 ms | p95 ms | p99 ms | errors |
|---|---|---|---|---|---|---|
{rows}
Where the time goes: milliseconds of processor time for each request answered, by process. In the shop's rows the sagas, consumers and authorizers that
requests set going are in it, as far as they ran meanwhile. *AWS* is the emulator (API Gateway, DynamoDB, queues, Step Functions), one process: how
much of one processor it used is told. *Started*: Lambda processes that were new at the end; each start costs as much as many calls. Locust's time has its
own start in it.

| users | of | AWS | Lambdas | front door | gateways | Locust | AWS's processor | started |
|---|---|---|---|---|---|---|---|---|
{used}"""


def section() -> str:
    """Of docs/performance.md."""
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
    return f"| {row.users} | {row.what} | {each} | {row.used['aws'] / row.seconds:.0%} | {row.starts} |\n"
