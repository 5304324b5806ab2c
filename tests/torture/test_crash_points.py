"""The process that does something is killed just before it, just after it, or never hears that it is done: for every side effect."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from queue import SimpleQueue

from localcloud.faults import HOWS, Point
from tests.torture.stories import USUALLY, Ended, Shopper, Story, buys_by_card, gives_one_back
from tests.torture.tormented import Tormented

_LANES = 6
_TRIES = 3
_SHORT = (buys_by_card, gives_one_back)
# Lambdas whose side effects no story here comes to, and why that is no gap.
_ELSEWHERE = {
    "authorizer": "has no side effects",
    "analytics-service-local": "only reads",
    "on-discrepancy": "only reads",
    "reconcile": "sends messages that the stories here send, too; tests/test_reconciliation_repairs.py of checkout-orchestrator",
    "product-service-local": "is for admins; tests of product-service",
    "user-service": "is about accounts; tests of user-service",
}

Try = tuple[Story, Point, str]


def points_of(tormented: Tormented, story: Story) -> list[Point]:
    """All side effects of a story, as its Lambdas do them when nothing goes wrong."""
    (shopper,) = tormented.shoppers(1)
    tormented.faults.trace(shopper.marks)
    ended = story(shopper)
    assert ended.status in USUALLY[story], f"{story.__name__} ended {ended.status} though nothing went wrong"
    tormented.must_hold([ended.order_id])
    tormented.quiet()
    tormented.faults.none()
    return [point for point in tormented.faults.traced(shopper.marks) if not is_repetition(point)]


def is_repetition(point: Point) -> bool:
    """A batch of a stream does the same thing for each of its records."""
    return point.function.endswith("-stream") and point.number > 1


def tries(tormented: Tormented, is_long: bool) -> list[Try]:
    """Each point once, in the first story that has it; three ways in the long form, one in turn in the short one."""
    known: set[Point] = set()
    found: list[Try] = []
    turn = count()
    for story in USUALLY if is_long else _SHORT:
        fresh = [point for point in points_of(tormented, story) if point not in known]
        known.update(fresh)
        for point in fresh:
            hows = HOWS if is_long else (HOWS[next(turn) % len(HOWS)],)
            found += [(story, point, how) for how in hows]
    return found


@dataclass(frozen=True)
class Outcome:
    """How the story ended each time that it was told, and whether the one thing did go wrong at last."""

    wanted: Try
    ended: list[Ended]
    happened: bool


def attempt(tormented: Tormented, lanes: SimpleQueue[Shopper], wanted: Try) -> Outcome:
    """Tell the story until this one thing goes wrong in it: some things happen only if two others meet."""
    story, point, how = wanted
    shopper, ended = lanes.get(), []
    fault = tormented.faults.plan(point, how, shopper.marks)
    try:
        while len(ended) < _TRIES:
            ended.append(story(shopper))
            if has_happened(tormented, fault):
                return Outcome(wanted, ended, True)
        return Outcome(wanted, ended, False)
    finally:
        tormented.faults.give_up(fault)
        lanes.put(shopper)


def has_happened(tormented: Tormented, fault: str) -> bool:
    """What follows the customer's part of a story (a receipt, the audit) goes wrong a moment later."""
    end = time.monotonic() + 6
    while time.monotonic() < end and not tormented.faults.has_happened(fault):
        time.sleep(0.1)
    return tormented.faults.has_happened(fault)


def not_reached(tormented: Tormented, reached: set[str]) -> list[str]:
    """The deployed Lambdas in which nothing was made to go wrong, though something could."""
    return sorted(
        function
        for function in tormented.sight.functions() - reached
        if not any(function.endswith(name) or function.startswith(name + "-") for name in _ELSEWHERE)
    )


def told(outcomes: list[Outcome]) -> Iterator[tuple[Story, Point, str, Ended]]:
    """Every story that was told, with what went wrong in it."""
    for outcome in outcomes:
        for ended in outcome.ended:
            yield *outcome.wanted, ended


def test_wherever_a_process_dies_no_money_no_stock_and_no_order_is_lost(tormented, is_long):
    wanted = tries(tormented, is_long)
    lanes: SimpleQueue[Shopper] = SimpleQueue()
    for shopper in tormented.shoppers(_LANES):
        lanes.put(shopper)

    if is_long:
        assert not_reached(tormented, {point.function for _, point, _ in wanted}) == []
    with ThreadPoolExecutor(_LANES) as pool:
        outcomes = list(pool.map(lambda one: attempt(tormented, lanes, one), wanted))
    tormented.quiet(120)

    tormented.tally["crash points"] += len(wanted)
    tormented.tally["checkouts"] += sum(len(outcome.ended) for outcome in outcomes)
    wrong = [
        f"{story.__name__}, {how} {point}: {ended.status}"
        for story, point, how, ended in told(outcomes)
        if ended.status not in USUALLY[story]
    ]
    assert wrong == []
    missed = [f"{how} {point}" for story, point, how in (one.wanted for one in outcomes if not one.happened)]
    tormented.tally["crash points that did not come up again"] += len(missed)
    assert len(missed) <= len(outcomes) / 10, missed
    tormented.must_hold([ended.order_id for *_, ended in told(outcomes)], 120)
    assert tormented.sight.dead_letters() == {}
