"""What a million orders cost, from the counts in tests/benchmarks/budgets.toml and the prices beside this file; a section of docs/performance.md."""

import tomllib
from pathlib import Path
from typing import Any

from delivery.paths import ROOT

_BUDGETS = ROOT / "tests" / "budgets.toml"
_PRICES = Path(__file__).with_name("prices.toml")
_MAILS = ("SES", "SNS by mail")
_PAGE = """
## What a request and an order ask of AWS

Counted on the local cloud by `tests/benchmarks/test_usage.py`, which fails where a count leaves `tests/benchmarks/budgets.toml`; `make budgets` writes that file anew. Of a
request: what the Lambda of the routes asks. Units are DynamoDB's on demand (half a read unit where the latest is not needed, twice as many write units in
a transaction, one more for each index).

| request | requests to AWS | read units | write units |
|---|---|---|---|
{routes}
An order of one product, paid by card, from `POST /checkout` until its last consumer is done, is {transitions:g} state transitions, {invocations:g} invocations,
{requests:g} requests of Lambdas to AWS (of which {dynamodb:g} to DynamoDB: {reads:g} read and {writes:g} write units), {events:g} events and {messages:g} messages.

## What a million orders cost

At the prices in `tests/benchmarks/prices.toml` (us-east-1, on demand, no free tier), **stated from memory of AWS's price pages and to be checked there before
they are relied upon**, and these assumptions, as the local cloud cannot tell: an invocation takes {milliseconds:.0f} ms of a Lambda of 512 MB; Lambda itself logs
{own_log:g} KB for each. A message is three requests to SQS: sent, received, deleted; in a busy shop they share them.
The authorizer is counted once. Not counted: browsing and polling, storage, tracing, alarms, idle polling of queues, data transfer, the payment gateway.

| what | for an order | unit | USD for a million orders |
|---|---|---|---|
{rows}| **in all, without mails** | | | **{bare:.0f}** |
| **in all** | | | **{whole:.0f}** |

Without mails it is ${bare:.0f}, of which {share:.0f} % are state transitions. The aim was under $250, a third below a plain version of this flow ($370, by an estimate
made before it was built): {verdict}.

The floor: the requirements name seven steps of the state machine, and each costs a transition, as the start does: 8 transitions, $200. The shop
has {more:g} more: `Paid?`, which tells the customer who is charged from the one who must act, and `ClearCart`, which is retried for itself. The first could become an error that
`ProcessPayment` raises and the machine catches, at the price of an error in Lambda's metrics for each 3-D Secure; the second a consumer of `order.done`, at the price of a cart
that is seen full for a moment longer. That is $50, less about a dollar for the message: **${least:.0f}** with nothing else changed. Below
$250 it does not come with a Standard workflow of seven steps and consumers for each requirement: the steps alone leave $50 for all the rest.

What else could be saved: `process-payment` and the webhook both announce `PaymentSuccess`, on purpose, as the first may not have got through. The second
announcement is an event, two messages and three invocations, about $9, and could go where it is stored that the first came through. About half of
the write units are the event log of analytics-service, a table with three indexes, whose lines are written together with the day's sums. Lambda's time is an assumption, and
grows and falls with the memory that is chosen.

### With an Express workflow

Were all that needs no waiting an Express workflow, and Standard begun only where the customer must act or the gateway is down, the transitions of
an order paid at once would be one start (${express_start:.2f} for a million) and {seconds:g} s of 64 MB (${express_time:.2f}): **${express:.0f}** in all without mails, instead of ${bare:.0f}. An order whose
customer must act would still cost the start and the states from the wait on, 7 transitions ($175). It would lose:

- exactly one execution for an order: an asynchronous Express execution runs at least once and its name stops no second one, so the two starters would need a
  row of their own to agree on, and every step has to bear running twice at the same moment, which is more than bearing a repeat;
- waiting: no task tokens, and five minutes at most, so that a gateway that is down would have to be handed to a Standard execution halfway, with all that was done;
- the 90 days' history in Step Functions, from which `make trace` tells an order's story; it would have to come from the logs, at level ALL with data, where addresses and client secrets have no place.

See docs/decisions/0002-standard-workflow.md.
"""

Prices = dict[str, Any]
Counts = dict[str, float]


def section() -> str:
    """The counts and the cost, as Markdown."""
    budgets, prices = tomllib.loads(_BUDGETS.read_text()), tomllib.loads(_PRICES.read_text())
    order = budgets.pop("order")
    used, assumed = _used(order, prices["assumed"]), prices["assumed"]
    rows = [(price, used[price["what"]]) for price in prices["price"]]
    costs = {price["what"]: price["per_million"] * amount for price, amount in rows}
    bare = sum(cost for what, cost in costs.items() if what not in _MAILS)
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
