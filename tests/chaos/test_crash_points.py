"""A process is killed before or after each side effect, or never gets its answer.

Calls by Step Functions count too: it does not die, but may fail to call, or lose the answer.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue

from devcloud.faults import SAGA, Point
from tests.chaos.harness import ChaosHarness
from tests.chaos.scenarios import (
    EXPECTED_STATUSES,
    Outcome,
    Scenario,
    Shopper,
    buy_by_card,
    refund_one_item,
)

# The kinds of faults, and how many of a kind one run may have: few kills, or many lost answers.
_MAX_TOGETHER = {"before": 2, "after": 2, "lost": 8}
_LANES = 6
# Handle batches, whose size depends on the moment.
_BATCHED = ("-stream", "-announce-staff-acts", "-on-search-index-queue")
_MAX_REPEATS = 3
_SHORT = (buy_by_card, refund_one_item)
# Lambdas whose side effects no scenario reaches, and why that is no gap.
_COVERED_ELSEWHERE = {
    "authorizer": "has no side effects",
    "analytics-service-local": "only reads",
    "on-discrepancy": "only reads",
    "reconcile": "sends the messages that scenarios send, too; see checkout-orchestrator's"
    " tests of reconciliation repairs",
    "send-digest": "mails the team; see checkout-orchestrator's tests of team notifications",
    "product-service-local": "is for admins; tests of product-service",
    "order-service-local-cancel-order": "does what POST /order/{orderId}/cancel does",
    "order-service-local-on-address-proved": "writes each order once, by a condition; see"
    " order-service's tests of guests' orders",
    "user-service": "is about accounts; tests of user-service",
}


@dataclass
class FaultedRun:
    """A scenario, its faults and outcomes, and the faults that never came up."""

    scenario: Scenario
    faults: list[tuple[Point, str]]
    outcomes: list[Outcome] = field(default_factory=list)
    missed: list[tuple[Point, str]] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {point}" for point, kind in self.faults)
        statuses = ", ".join(outcome.status for outcome in self.outcomes)
        return f"{self.scenario.__name__} with {faults}: {statuses}"

    @property
    def unexpected(self) -> set[str]:
        """The statuses with which the scenario should not have ended."""
        statuses = {outcome.status for outcome in self.outcomes}
        return statuses - EXPECTED_STATUSES[self.scenario]


def trace_points(harness: ChaosHarness, scenario: Scenario) -> list[Point]:
    """Run the scenario without faults, and list its side effects."""
    (shopper,) = harness.get_shoppers(1)
    harness.faults.trace(shopper.correlation_tags)
    outcome = scenario(shopper)
    assert outcome.status in EXPECTED_STATUSES[scenario], (
        f"{scenario.__name__} ended {outcome.status} without any fault"
    )
    harness.assert_consistent([outcome.order_id])
    harness.drain_queues()
    harness.faults.none()
    traced = harness.faults.traced(shopper.correlation_tags)
    return [point for point in traced if not is_repetition(point)]


def is_repetition(point: Point) -> bool:
    """Whether the point is of a further record of a batch, handled like the first."""
    return point.function.endswith(_BATCHED) and point.number > 1


def plan_runs(harness: ChaosHarness, is_long: bool) -> list[FaultedRun]:
    """Plan each point in the first scenario that has it.

    The long form has all three kinds of faults for each point, the short form one.
    """
    known: set[Point] = set()
    runs: list[FaultedRun] = []
    every = count()
    for scenario in EXPECTED_STATUSES if is_long else _SHORT:
        fresh = [point for point in trace_points(harness, scenario) if point not in known]
        known.update(fresh)
        for kind in _MAX_TOGETHER:
            points = fresh if is_long else [point for point in fresh if next(every) % 3 == 0]
            runs += [
                FaultedRun(scenario, [(point, kind) for point in group])
                for group in grouped(points, kind)
            ]
    return runs


def grouped(points: list[Point], kind: str) -> Iterator[list[Point]]:
    """Groups of points far from each other: two kills in one invocation would be one."""
    groups = -(-len(points) // _MAX_TOGETHER[kind])
    yield from (points[first::groups] for first in range(groups))


def run_with_faults(
    harness: ChaosHarness, lanes: SimpleQueue[Shopper], run: FaultedRun
) -> FaultedRun:
    """Repeat the scenario until all its faults came up.

    Some come up only if two events coincide.
    """
    shopper = lanes.get()
    faults = {
        harness.faults.plan(point, kind, shopper.correlation_tags): (point, kind)
        for point, kind in run.faults
    }
    try:
        while len(run.outcomes) < _MAX_REPEATS and not all_happened(
            harness, faults, 6 if run.outcomes else 0
        ):
            run.outcomes.append(run.scenario(shopper))
        run.missed = [
            fault for name, fault in faults.items() if not harness.faults.has_happened(name)
        ]
        return run
    finally:
        for name in faults:
            harness.faults.give_up(name)
        lanes.put(shopper)


def all_happened(harness: ChaosHarness, faults: Iterable[str], seconds: float) -> bool:
    """Whether all faults came up within this time: consumers run late."""
    end = time.monotonic() + seconds
    while (
        not (happened := all(map(harness.faults.has_happened, faults))) and time.monotonic() < end
    ):
        time.sleep(0.1)
    return happened


def uncovered_functions(harness: ChaosHarness, covered: set[str]) -> list[str]:
    """The deployed Lambdas with side effects in which no fault was injected."""
    return sorted(
        function
        for function in harness.probe.function_names() - covered
        if not any(
            function.endswith(name) or function.startswith(name + "-")
            for name in _COVERED_ELSEWHERE
        )
    )


def test_a_process_killed_at_any_side_effect_loses_nothing(harness, is_long):
    runs = plan_runs(harness, is_long)
    points = [fault for run in runs for fault in run.faults]
    assert [point for point, _ in points if point.function == SAGA]
    if is_long:
        assert uncovered_functions(harness, {point.function for point, _ in points}) == []
    lanes: SimpleQueue[Shopper] = SimpleQueue()
    for shopper in harness.get_shoppers(_LANES):
        lanes.put(shopper)

    with ThreadPoolExecutor(_LANES) as pool:
        runs = list(pool.map(lambda run: run_with_faults(harness, lanes, run), runs))
    harness.drain_queues(120)

    missed = [f"{kind} {point}" for run in runs for point, kind in run.missed]
    harness.tally["side effects that failed (before, after, or without an answer)"] += len(
        points
    ) - len(missed)
    harness.tally["side effects that did not come up again"] += len(missed)
    harness.tally["checkouts"] += sum(len(run.outcomes) for run in runs)
    assert [str(run) for run in runs if run.unexpected] == []
    assert len(missed) <= len(points) / 10, missed
    harness.assert_consistent([outcome.order_id for run in runs for outcome in run.outcomes], 120)
    assert harness.probe.dead_letters() == {}
