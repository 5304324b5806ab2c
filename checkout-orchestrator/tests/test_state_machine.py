"""The state machine's definition: every failure is compensated, waits end."""

import json
import re
import time
from functools import cache
from pathlib import Path

import jsonata
import pytest
import yaml

from chalicelib.reconciliation.notification_rules import AWAIT_PAYMENT_SECONDS
from common import clock, events
from delivery.cfn import CloudFormation

HERE = Path(__file__).parents[1]
TEMPLATE = HERE / "state-machine.yml"


STORED = yaml.load(TEMPLATE.read_text(), Loader=CloudFormation)
MAPPINGS = STORED["Mappings"]


class Resolved(CloudFormation):
    """With !FindInMap looked up, and all else as it is named."""


def resolve(loader, suffix, node):
    if not isinstance(node, yaml.SequenceNode):
        return loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else None
    values = loader.construct_sequence(node, deep=True)
    if suffix == "FindInMap":
        mapping, key, name = values
        return MAPPINGS[mapping][key][name]
    return values


Resolved.add_multi_constructor("!", resolve)

RESOURCES = yaml.load(TEMPLATE.read_text(), Loader=Resolved)["Resources"]
MACHINE = RESOURCES["Checkout"]["Properties"]
TOP = MACHINE["Definition"]["States"]
TASKS = {name: state for name, state in TOP.items() if state["Type"] == "Task"}

UNDONE_BY = {
    "ValidateOrder": {"FailOrder"},
    "CheckInventory": {"RefundPayment", "ReleaseInventory", "FailOrder"},
    "ProcessPayment": {"RefundPayment", "ReleaseInventory", "FailOrder"},
    "QueuePaymentRetry": {"RefundPayment", "ReleaseInventory", "FailOrder"},
    "AwaitPayment": {"RefundPayment", "ReleaseInventory", "FailOrder"},
    "CheckPayment": {"RefundPayment", "ReleaseInventory", "FailOrder"},
    "UpdateInventory": {"RefundPayment", "ReleaseInventory", "FailOrder"},
    "CreateOrderRecord": {"UndoOrderRecord", "RefundPayment", "ReleaseInventory", "FailOrder"},
}
COMPENSATIONS = {
    "RefundPayment": "payment-retry-queue",
    "ReleaseInventory": "inventory-update-queue",
    "FailOrder": "order-fail-queue",
}


def seconds_of(task):
    """The longest time limit, which for waits is a parameter: `${PaymentWait}`."""
    limit = task["TimeoutSeconds"]
    if isinstance(limit, int):
        return limit
    names = set(re.findall(r"\$\{(\w+)\}", limit))
    assert all(MACHINE["DefinitionSubstitutions"][name] == name for name in names)
    return max(STORED["Parameters"][name]["Default"] for name in names)


def caught(state):
    return [
        catch["Next"] for catch in state.get("Catch", []) if catch["ErrorEquals"] == ["States.ALL"]
    ]


def successors(state):
    following = [state.get("Next"), state.get("Default")]
    following += [choice["Next"] for choice in state.get("Choices", [])]
    return [name for name in following if name]


def path_from(name):
    """The states that follow if no task fails, by the defaults of choices."""
    path = []
    while name not in path:
        path.append(name)
        state = TOP[name]
        name = state.get("Default") or state.get("Next")
        if name is None:
            break
    return path


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_a_timeout_retries_and_a_catch_for_everything(name):
    task = TASKS[name]
    assert 0 < seconds_of(task) <= 900
    assert caught(task), "no catch for States.ALL"
    assert task["Catch"][-1]["ErrorEquals"] == ["States.ALL"]
    last = task["Retry"][-1]
    assert last["ErrorEquals"] == ["States.ALL"]
    assert last["MaxAttempts"] >= 3
    assert last["JitterStrategy"] == "FULL"
    assert last["BackoffRate"] > 1


@pytest.mark.parametrize("name", UNDONE_BY)
def test_every_failure_reaches_its_compensations_in_reverse(name):
    (start,) = caught(TOP[name])
    path = path_from(start)

    assert UNDONE_BY[name] <= set(path)
    assert [state for state in path if state in COMPENSATIONS] == [
        state for state in COMPENSATIONS if state in UNDONE_BY[name]
    ]
    assert path[-1] == "CheckoutFailed"


def test_every_step_has_a_compensation():
    """Every task is compensated, runs after the confirmation, or compensates."""
    compensating = {
        "UndoOrderRecord",
        *COMPENSATIONS,
        "QueueRefund",
        "QueueRelease",
        "QueueFailOrder",
    }
    telling = {"PublishFailure", "QueueFailure", "NotifyFailure", "QueueFailureNotice"}
    confirmed = {
        "SendNotification",
        "QueueNotification",
        "ClearCart",
        "QueueClearCart",
        "PublishEvent",
        "QueueEvent",
    }

    assert set(TASKS) - compensating - telling - confirmed == set(UNDONE_BY)


@pytest.mark.parametrize("name", COMPENSATIONS)
def test_a_compensation_that_keeps_failing_is_queued(name):
    (queue_state,) = caught(TOP[name])
    queue = TOP[queue_state]

    assert queue["Arguments"]["QueueUrl"] == "${Queues}/" + COMPENSATIONS[name]
    assert queue["Next"] == TOP[name]["Next"]
    (pause,) = caught(queue)
    assert TOP[pause] == {"Type": "Wait", "Seconds": 300, "Next": name}


def test_nothing_fails_a_paid_order_that_is_confirmed():
    """After SendNotification no way leads to a compensation."""
    seen, ahead = set(), ["SendNotification"]
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += successors(TOP[name]) + [catch["Next"] for catch in TOP[name].get("Catch", [])]

    assert seen == {
        "SendNotification",
        "QueueNotification",
        "ClearCart",
        "QueueClearCart",
        "PublishEvent",
        "QueueEvent",
        "PauseEvent",
    }


@pytest.mark.parametrize(
    ("name", "queue", "following"),
    [
        ("SendNotification", "QueueNotification", "ClearCart"),
        ("ClearCart", "QueueClearCart", "PublishEvent"),
    ],
)
def test_what_follows_a_confirmation_runs_or_is_queued(name, queue, following):
    assert (caught(TOP[name]), TOP[name]["Next"]) == ([queue], following)
    assert (caught(TOP[queue]), TOP[queue]["Next"]) == ([following], following)


def test_nothing_is_undone_before_the_orders_status_is_known():
    assert caught(TOP["CreateOrderRecord"]) == ["UndoOrderRecord"]
    assert TOP["UndoOrderRecord"]["Next"] == "ConfirmedAfterAll?"
    to_tell, to_end = TOP["ConfirmedAfterAll?"]["Choices"]
    assert (to_tell["Next"], to_end["Next"], TOP["ConfirmedAfterAll?"]["Default"]) == (
        "SendNotification",
        "End",
        "RefundPayment",
    )
    assert evaluate(to_tell["Condition"][2:-2], ended="CONFIRMED") is True
    assert evaluate(to_tell["Condition"][2:-2], ended="CONFIRMED", payment={}) is False
    assert evaluate(to_tell["Condition"][2:-2], ended="CANCELLED") is False
    assert caught(TOP["UndoOrderRecord"]) == ["PauseUndo"]
    assert TOP["PauseUndo"]["Next"] == "UndoOrderRecord"


@pytest.mark.parametrize("state", ["AwaitPayment", "QueuePaymentRetry"])
def test_a_wait_ends_with_the_orders_offer(state):
    limit = TOP[state]["TimeoutSeconds"][2:-2].strip()

    def seconds(left):
        return evaluate(limit, charge={"payBy": clock.iso(time.time() + left)})

    assert seconds(3600) == seconds_of(TOP[state])
    assert 55 <= seconds(60) <= 60
    assert seconds(-60) == 1
    assert evaluate(limit, charge={}) == seconds_of(TOP[state])


def test_without_a_payment_method_stock_is_kept_for_five_minutes():
    limit = TOP["AwaitPayment"]["TimeoutSeconds"][2:-2].strip()
    held = TOP["AwaitPayment"]["Catch"][0]["Assign"]["held"][2:-2].strip()
    to_wait = TOP["PaidAfterAll?"]["Choices"][1]
    unpaid = {"paymentId": "PAY#1", "paymentStatus": "REQUIRES_ACTION"}
    without = {**unpaid, "methodGiven": False}
    soon = {"payBy": clock.iso(time.time() + 60)}

    assert evaluate(limit, charge={}, payment=without) == 300
    assert evaluate(limit, charge={}, payment=unpaid) == 900
    assert evaluate(limit, charge=soon, payment=without) <= 60
    assert evaluate(held, payment=without) is True
    assert evaluate(held, payment=unpaid) is False
    assert to_wait["Next"] == "AwaitPayment"
    condition = to_wait["Condition"][2:-2].strip()
    assert evaluate(condition, held=True, payment=unpaid) is True
    assert evaluate(condition, held=True, payment=without) is False
    assert evaluate(condition, held=False, payment=unpaid) is False


def test_reconciliation_knows_how_long_a_customer_may_take():
    assert seconds_of(TOP["AwaitPayment"]) == AWAIT_PAYMENT_SECONDS
    assert STORED["Parameters"]["PaymentWait"]["MaxValue"] == AWAIT_PAYMENT_SECONDS


def test_waits_are_substituted_and_not_chosen_by_cloudformation():
    """A condition in the definition could be a text where a number is expected."""
    definition = TEMPLATE.read_text().partition("Definition:")[2]
    assert definition
    assert "!If" not in definition
    assert {"PaymentWait", "GatewayWait"} <= MACHINE["DefinitionSubstitutions"].keys()


def test_every_state_exists_and_is_reached():
    named = {name for state in TOP.values() for name in successors(state)}
    named |= {catch["Next"] for state in TOP.values() for catch in state.get("Catch", [])}

    assert named | {"ValidateOrder"} == set(TOP)


def expressions(value):
    if isinstance(value, dict):
        return [expression for one in value.values() for expression in expressions(one)]
    if isinstance(value, list):
        return [expression for one in value for expression in expressions(one)]
    return [value[2:-2].strip()] if isinstance(value, str) and value.startswith("{%") else []


STEP = {"orderId": "ORDER#1", "userId": "USER#1", "correlationId": "cor-1"}
ORDER = {
    "items": [{"productId": "PROD#1", "qty": 2}],
    "amount": 25.98,
    "currency": "USD",
    "method": "CARD",
    "createdAt": "2026-11-22T10:00:00.000Z",
    "payBy": "2026-11-22T10:30:00.000Z",
}
VARIABLES = {
    "payment": {"paymentId": "PAY#1", "paymentStatus": "SUCCESS"},
    "failure": {"Error": "OutOfStock", "Cause": "none left"},
    "ended": "FAILED",
    "held": False,
    "reason": "none left",
}
PARSE = ("parse", lambda text: json.loads(text))


def evaluate(expression, **variables):
    return evaluate_with(expression, {**assigned(), **variables})


def evaluate_with(expression, variables):
    expression = expression.replace("${PaymentWait}", "900").replace("${GatewayWait}", "600")
    expression = expression.replace("${HoldWait}", "300")
    parsed = jsonata.Jsonata.jsonata(expression)
    parsed.register_lambda(*PARSE)
    context = {"Task": {"Token": "token"}}
    states = {
        "input": STEP,
        "result": {"Payload": {**ORDER, "status": "FAILED"}},
        "errorOutput": VARIABLES["failure"],
        "context": context,
    }
    bindings = {**VARIABLES, "states": states, **variables}
    return parsed.evaluate(None, bindings)


@cache
def assigned():
    """The payloads that states assign to variables, in order."""
    values = {}
    for name in ("ValidateOrder", "Failed?"):
        for variable, expression in TOP[name]["Assign"].items():
            if variable not in VARIABLES:
                values[variable] = evaluate_with(expression[2:-2].strip(), values)
    return values


@pytest.mark.parametrize("expression", sorted(set(expressions(MACHINE["Definition"]))))
def test_every_expression_has_a_value(expression):
    assert evaluate(expression) is not None


@pytest.mark.parametrize(
    ("state", "kind"), [("PublishEvent", events.OrderDone), ("PublishFailure", events.OrderFailed)]
)
def test_the_events_it_publishes_are_those_of_the_registry(state, kind):
    (entry,) = TOP[state]["Arguments"]["Entries"]
    (detail,) = expressions(entry)
    message = {
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "detail": evaluate(detail),
    }

    assert entry["Source"] == kind.source
    assert events.parse(kind, message).event_id == "EVT#1"


@pytest.mark.parametrize(
    ("state", "kind"), [("QueueEvent", events.OrderDone), ("QueueFailure", events.OrderFailed)]
)
def test_queued_events_equal_the_published_ones(state, kind):
    (message,) = expressions(TOP[state]["Arguments"])

    assert events.parse(kind, evaluate(message)).order_id == "ORDER#1"


def reason_for(error, cause):
    return evaluate(
        TOP["ExplainFailure"]["Assign"]["reason"][2:-2].strip(),
        failure={"Error": error, **({} if cause is None else {"Cause": cause})},
    )


def test_the_reason_for_customers_hides_internal_errors():
    declined = json.dumps(
        {
            "errorType": "PaymentDeclined",
            "errorMessage": "Your card was declined.",
            "stackTrace": [],
        }
    )
    ours = json.dumps({"errorType": "KeyError", "errorMessage": "'secret'"})

    assert reason_for("PaymentDeclined", declined) == "Your card was declined."
    assert reason_for("PaymentDeclined", "as the webhook said") == "as the webhook said"
    assert reason_for("PaymentExpired", "it was not paid in time") == "it was not paid in time"
    assert (
        reason_for("GatewayUnavailable", "http://10.0.0.1 refused")
        == "the payment could not be made"
    )
    assert reason_for("KeyError", ours) == "something went wrong on our side"
    assert reason_for("States.Timeout", None) == "something went wrong on our side"
    assert (
        reason_for("PaymentDeclined", json.dumps({"errorType": "PaymentDeclined"}))
        == "something went wrong on our side"
    )


def test_a_cause_that_was_cut_off_still_ends_in_a_reason():
    """Step Functions cuts a Cause off at 32,768 characters: what is left is no JSON."""
    declined = {"errorMessage": 'Your "card" was declined.', "errorType": "PaymentDeclined"}
    traced = json.dumps({**declined, "stackTrace": ["x" * 80] * 500})[:32_768]
    endless = json.dumps({**declined, "errorMessage": "x" * 40_000})[:32_768]

    assert reason_for("PaymentDeclined", traced) == 'Your "card" was declined.'
    for unparsable in (endless, "{", '{"errorMessage": "\\', '{"errorMessage": "\\q"}'):
        assert reason_for("PaymentDeclined", unparsable) == "something went wrong on our side"
        assert reason_for("SoftDecline", unparsable) == "the payment could not be made"


def test_an_empty_cause_is_no_reason():
    assert reason_for("PaymentDeclined", "") == "something went wrong on our side"
    assert reason_for("PaymentDeclined", None) == "something went wrong on our side"


def test_an_order_that_nobody_paid_has_expired():
    ended = TOP["ExplainFailure"]["Assign"]["ended"][2:-2].strip()

    assert TOP["AwaitPayment"]["Catch"][0]["Assign"]["failure"]["Error"] == "PaymentExpired"
    assert evaluate(ended, failure={"Error": "PaymentExpired"}) == "EXPIRED"
    assert evaluate(ended, failure={"Error": "OrderExpired"}) == "EXPIRED"
    assert evaluate(ended, failure={"Error": "PaymentDeclined"}) == "FAILED"


def granted(action):
    statements = RESOURCES["Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
    (statement,) = [one for one in statements if action in one["Action"]]
    resources = statement["Resource"]
    return {
        re.split(r"function:|sqs:.*:|event-bus/", arn)[-1]
        for arn in (resources if isinstance(resources, list) else [resources])
    }


def test_the_role_allows_exactly_the_calls_of_the_saga():
    names = {
        "Orders": "order-service",
        "Products": "product-service",
        "Carts": "cart-service",
        "Here": "checkout-orchestrator",
    }
    called = {state["Arguments"].get("FunctionName") for state in TASKS.values()} - {None}
    called = {
        re.sub(
            r"\$\{(\w+)\}",
            lambda match: f"{names[match[1]]}-${{Stage}}" if match[1] in names else match[0],
            name,
        )
        for name in called
    }
    sent = {
        state["Arguments"].get("QueueUrl", "").removeprefix("${Queues}/")
        for state in TASKS.values()
    } - {""}

    assert granted("lambda:InvokeFunction") == called
    assert granted("sqs:SendMessage") == sent
    assert granted("events:PutEvents") == {"commerce"}
