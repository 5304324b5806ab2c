"""Compute what a million orders cost, for docs/performance.md."""

import tomllib
from pathlib import Path
from typing import Any

_BUDGETS = Path(__file__).with_name("budgets.toml")
_PRICES = Path(__file__).with_name("prices.toml")
MAILS = ("SES", "SNS by mail")
_PAGE = """
## Requests to AWS

Counted on the local cloud by `tests/benchmarks/test_usage.py`, which fails where a count leaves
`tests/benchmarks/budgets.toml`; `make budgets` writes that file again. A request's counts are
those of the Lambda of the routes. Units are DynamoDB's on-demand units: half a read unit for an
eventually consistent read, twice as many write units in a transaction, one more for each index.

| request | requests to AWS | read units | write units |
|---|---|---|---|
{routes}
One order of one product, paid by card, from `POST /checkout` until its last consumer has
finished:

| what | number |
|---|---|
| state transitions | {transitions:g} |
| Lambda invocations | {invocations:g} |
| requests of Lambdas to AWS | {requests:g} |
| of which to DynamoDB | {dynamodb:g} ({reads:g} read units, {writes:g} write units) |
| the same with address, shipping method, tax and coupon | {full_dynamodb:g} \
({full_reads:g} read units, {full_writes:g} write units) |
| events | {events:g} |
| messages | {messages:g} |

## Cost of a million orders

Without mails ${bare:.0f}, of which {share:.0f} % are state transitions. The target was under
$250, a third below a plain version of this flow ($370, by an estimate before the implementation):
{verdict}.

- **Prices** are those of `tests/benchmarks/prices.toml` (us-east-1, on demand, no free tier),
  **stated from memory of AWS's price pages: check them there before you rely on them**.
- **Assumptions**, which the local cloud cannot measure: an invocation takes {milliseconds:.0f} ms
  of a Lambda of 512 MB, and Lambda itself logs {own_log:g} KB for each. A message is three
  requests to SQS (send, receive, delete); a busy shop batches them. The authorizer is counted
  once.
- **Not counted**: browsing and polling, storage, tracing, alarms, idle polling of queues, data
  transfer, the payment gateway.

| what | for an order | unit | USD for a million orders |
|---|---|---|---|
{rows}| **total without mails** | | | **{bare:.0f}** |
| **total** | | | **{whole:.0f}** |

### Possible savings

The minimum of the state machine is 8 transitions, $200: the requirements name seven steps, each
costs a transition, and so does the start. The shop has {more:g} more:

| state | purpose | alternative | its price |
|---|---|---|---|
| `Paid?` | distinguishes a charged customer from one who must act | an error that \
`ProcessPayment` raises and the state machine catches | an error in Lambda's metrics for each 3-D \
Secure |
| `ClearCart` | is retried by itself | a consumer of `order.done` | the cart is full for a moment \
longer |

Both would save $50, less about a dollar for the message: **${least:.0f}** with nothing else
changed. A Standard workflow with seven steps and a consumer for each requirement cannot cost less
than $250: the steps alone leave $50 for everything else.

Other costs that could be reduced:

- About half of the write units are the event log of analytics-service, a table with three
  indexes, whose rows are written together with the day's totals.
- Lambda's time is an assumption, and depends on the configured memory.

### With an Express workflow

If an Express workflow ran all steps that do not wait, and a Standard one started only where the
customer must act or the gateway is down, an order that is paid at once would cost one start
(${express_start:.2f} for a million) and {seconds:g} s of 64 MB (${express_time:.2f}):
**${express:.0f}** in all without mails, instead of ${bare:.0f}. An order whose customer must act
would still cost the start and the states from the wait on, 7 transitions ($175). The shop would
lose:

- **Exactly one execution per order.** An asynchronous Express execution runs at least once, and
  its name does not prevent a second one. The two starters would need a row of their own, and
  every step would have to be safe under concurrent execution, which is more than idempotent.
- **Waits.** There are no task tokens, and an execution lasts at most five minutes. If the gateway
  is down, the state so far would have to be handed to a Standard execution.
- **90 days of history in Step Functions**, which `make trace` reads. It would have to come from
  the logs, at level ALL with data, where addresses and client secrets must not be.

See [decision 2](decisions/0002-standard-workflow.md).
"""

Prices = dict[str, Any]
Counts = dict[str, float]


def million_orders() -> dict[str, float]:
    """Return what a million orders cost in USD, by the price's name."""
    budgets, prices = tomllib.loads(_BUDGETS.read_text()), tomllib.loads(_PRICES.read_text())
    used = _used(budgets["order"], prices["assumed"])
    return {price["what"]: price["per_million"] * used[price["what"]] for price in prices["price"]}


def section() -> str:
    """The counts and the cost, as Markdown."""
    budgets, prices = tomllib.loads(_BUDGETS.read_text()), tomllib.loads(_PRICES.read_text())
    order = budgets.pop("order")
    full = budgets.pop("order with address, method, tax and coupon")
    used, assumed = _used(order, prices["assumed"]), prices["assumed"]
    rows = [(price, used[price["what"]]) for price in prices["price"]]
    costs = million_orders()
    bare = sum(cost for what, cost in costs.items() if what not in MAILS)
    transitions = costs["Step Functions, Standard"]
    gigabytes = assumed["seconds_of_a_saga"] * assumed["gigabytes_of_a_saga"]
    start, time = (
        prices["express"]["per_million_starts"],
        prices["express"]["per_gb_second"] * gigabytes * 1e6,
    )
    return _PAGE.format(
        routes="".join(_route(name, counts) for name, counts in budgets.items()),
        rows="".join(_row(price, amount) for price, amount in rows),
        transitions=order["transitions"],
        invocations=_total(order, "invocations "),
        requests=_total(order, "requests ") - order["requests gateway"],
        **{name: order[name] for name in ("reads", "writes", "events", "messages")},
        dynamodb=order["requests dynamodb"],
        full_dynamodb=full["requests dynamodb"],
        full_reads=full["reads"],
        full_writes=full["writes"],
        milliseconds=assumed["seconds_of_an_invocation"] * 1000,
        own_log=assumed["kilobytes_logged_by_lambda_itself"],
        bare=bare,
        whole=sum(costs.values()),
        share=100 * transitions / bare,
        verdict="it is met" if bare < 250 else f"it is missed by ${bare - 250:.0f}",
        more=order["transitions"] - 8,
        least=bare - 49,
        express_start=start,
        express_time=time,
        express=bare - transitions + start + time,
        seconds=assumed["seconds_of_a_saga"],
    )


def _used(order: Counts, assumed: Counts) -> Counts:
    """How much of what is paid for goes into an order, by the price's name."""
    invocations = _total(order, "invocations ") + 1  # the authorizer
    calls = order["invocations checkout-orchestrator"]  # POST /checkout, and the gateway's webhook
    return {
        "Step Functions, Standard": order["transitions"],
        "Lambda requests": invocations,
        "Lambda time, arm64": invocations
        * assumed["seconds_of_an_invocation"]
        * assumed["gigabytes_of_a_lambda"],
        "API Gateway, REST": calls,
        "WAF": calls,
        "DynamoDB writes": order["writes"],
        "DynamoDB reads": order["reads"],
        "SQS": 3 * order["messages"],
        "SNS": order["requests sns"],
        "EventBridge": order["events"],
        "CloudWatch Logs": order["kilobytes of logs"]
        + invocations * assumed["kilobytes_logged_by_lambda_itself"],
        "SES": order["requests ses"],
        "SNS by mail": order["requests sns"],
    }


def _total(counts: Counts, prefix: str) -> float:
    return sum(count for name, count in counts.items() if name.startswith(prefix))


def _route(name: str, counts: Counts) -> str:
    requests = _total(counts, "requests ")
    return (
        f"| `{name}` | {requests:g} | {counts.get('reads', 0):g} | {counts.get('writes', 0):g} |\n"
    )


def _row(price: dict[str, Any], amount: float) -> str:
    what = f"[{price['what']}]({price['source']})"
    return f"| {what} | {amount:.4g} | {price['unit']} | {price['per_million'] * amount:.2f} |\n"
