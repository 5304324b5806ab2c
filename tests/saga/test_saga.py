"""The definition of the saga as AWS reads it, walked through to every end."""

import json
from collections.abc import Iterator

import pytest
from jsonschema import Draft202012Validator

from testkit import saga_definition
from tests.deployment.framework import require_node
from tests.saga import situations
from tests.saga.step_functions import StepFunctions
from tests.saga.walk import Outcome, Walked, expressions, walk

DEFINITION = saga_definition.read(Stage="dev", Alias=":live")
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
MAX_PAYLOAD_BYTES = 262_144


@pytest.fixture(scope="module")
def step_functions() -> Iterator[StepFunctions]:
    require_node()
    with StepFunctions.start() as running:
        yield running


@pytest.fixture(scope="module")
def walked(step_functions: StepFunctions) -> Walked:
    return walk(DEFINITION, situations.INPUT, situations.outcomes_of, step_functions)


def test_another_parser_of_the_states_language_finds_no_error(step_functions):
    assert step_functions.find_errors(DEFINITION) == []


def test_every_expression_has_a_value_in_every_situation(walked):
    assert sorted(walked.problems) == []


def test_every_state_and_every_expression_is_reached(walked):
    assert walked.states == set(DEFINITION["States"])
    assert walked.templates == set(expressions(DEFINITION))


def test_every_step_accepts_the_input_that_it_is_given(walked):
    refused = set()
    for call in walked.calls:
        if step := situations.step_of(call.arguments):
            schema = situations.steps()[step]["input"]
            for error in Draft202012Validator(_with_numbers(schema)).iter_errors(
                call.arguments["Payload"]
            ):
                refused.add(f"{call.state}: {error.json_path} {error.message}")

    assert refused == set()


def test_every_failed_order_has_a_reason_and_a_final_status(walked):
    given = [call.arguments for call in walked.calls if call.state == "FailOrder"]

    assert given
    for payload in (arguments["Payload"] for arguments in given):
        assert payload["reason"].strip()
        assert payload["status"] in ("FAILED", "EXPIRED")


def test_every_way_ends_confirmed_or_failed_with_an_error(walked):
    confirmed = {"orderId": situations.INPUT["orderId"], "status": "CONFIRMED"}
    failed = [end for end in walked.ends if end != confirmed]

    assert confirmed in walked.ends
    assert failed
    assert all(set(end) == {"Error", "Cause"} for end in failed)


def test_the_largest_order_stays_far_below_the_limit_of_a_payload(step_functions):
    """No catch takes States.DataLimitExceeded: it must not come up."""

    def outcomes(state: str, task: dict) -> Iterator[Outcome]:
        for outcome in situations.outcomes_of(state, task):
            if state == "ValidateOrder" and outcome.result:
                yield Outcome({"Payload": {**outcome.result["Payload"], "items": lines}})
            elif outcome.error is None or outcome.error["Error"] == "States.Timeout":
                yield outcome

    lines = [{"productId": f"PROD#{'X' * 248}{place:02}", "qty": 99} for place in range(99)]
    largest = walk(DEFINITION, situations.INPUT, outcomes, step_functions)

    assert largest.problems == set()
    sizes = [len(json.dumps(call.arguments)) for call in largest.calls]
    assert 99 * 255 < max(sizes) < MAX_PAYLOAD_BYTES / 4


def _with_numbers(schema: situations.Json) -> situations.Json:
    """Amounts are Decimals in the services, and numbers in Step Functions."""
    with_numbers: situations.Json = json.loads(
        json.dumps(schema).replace(
            '"format": "decimal", "type": "string"', '"type": ["string", "number"]'
        )
    )
    return with_numbers
