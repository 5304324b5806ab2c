"""The process that does something is killed just before it, just after it, or never hears that it is done: for every side effect.

Step Functions' own calls are among them: it does not die, but it may not be able to call, or not hear that it has.
"""

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from queue import SimpleQueue

from devcloud.faults import SAGA, Point
from tests.chaos.harness import Tormented
from tests.chaos.scenarios import USUALLY, Ended, Shopper, Story, buys_by_card, gives_one_back

# How a side effect goes wrong, and how many of a story may do so in one telling: a few deaths, or many answers that get lost.
_TOGETHER = {"before": 2, "after": 2, "lost": 8}
_LANES = 6
_TELLINGS = 3
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


@dataclass
class Telling:
    """A story, what is to go wrong in it, how it ended each time that it was told, and what never came up."""

    story: Story
    faults: list[tuple[Point, str]]
    ended: list[Ended] = field(default_factory=list)
    missed: list[tuple[Point, str]] = field(default_factory=list)

    def __str__(self) -> str:
        wrong = ", ".join(f"{how} {point}" for point, how in self.faults)
        return f"{self.story.__name__} with {wrong}: {', '.join(end.status for end in self.ended)}"


def points_of(tormented: Tormented, story: Story) -> list[Point]:
    """All side effects of a story, as its Lambdas do them when nothing goes wrong."""
    (shopper,) = tormented.shoppers(1)
    tormented.faults.trace(shopper.marks)
    ended = story(shopper)
    assert ended.status in USUALLY[story], (
        f"{story.__name__} ended {ended.status} though nothing went wrong"
    )
    tormented.must_hold([ended.order_id])
    tormented.quiet()
    tormented.faults.none()
    return [point for point in tormented.faults.traced(shopper.marks) if not is_repetition(point)]


def is_repetition(point: Point) -> bool:
    """A batch of a stream does the same thing for each of its records."""
    return point.function.endswith("-stream") and point.number > 1


def tellings(tormented: Tormented, is_long: bool) -> list[Telling]:
    """Each point in the first story that has it: gone wrong in all three ways in the long form, in one of them in the short one."""
    known: set[Point] = set()
    found: list[Telling] = []
    turn = count()
    for story in USUALLY if is_long else _SHORT:
        fresh = [point for point in points_of(tormented, story) if point not in known]
        known.update(fresh)
        for how in _TOGETHER:
            wanted = fresh if is_long else [point for point in fresh if next(turn) % 3 == 0]
            found += [
                Telling(story, [(point, how) for point in group]) for group in grouped(wanted, how)
            ]
    return found


def grouped(points: list[Point], how: str) -> Iterator[list[Point]]:
    """So many at once as may go wrong together, neighbours apart: two deaths in one invocation would be one."""
    groups = -(-len(points) // _TOGETHER[how])
    yield from (points[first::groups] for first in range(groups))


def tell(tormented: Tormented, lanes: SimpleQueue[Shopper], telling: Telling) -> Telling:
    """Tell the story until all that is to go wrong in it did: some things happen only if two others meet."""
    shopper = lanes.get()
    faults = {
        tormented.faults.plan(point, how, shopper.marks): (point, how)
        for point, how in telling.faults
    }
    try:
        while len(telling.ended) < _TELLINGS and not all_happened(
            tormented, faults, bool(telling.ended)
        ):
            telling.ended.append(telling.story(shopper))
        telling.missed = [
            fault for name, fault in faults.items() if not tormented.faults.has_happened(name)
        ]
        return telling
    finally:
        for name in faults:
            tormented.faults.give_up(name)
        lanes.put(shopper)


def all_happened(tormented: Tormented, faults: Iterable[str], patiently: bool) -> bool:
    """What follows the customer's part of a story (a receipt, the audit) goes wrong a moment later."""
    end = time.monotonic() + (6 if patiently else 0)
    while (
        not (happened := all(map(tormented.faults.has_happened, faults))) and time.monotonic() < end
    ):
        time.sleep(0.1)
    return happened


def not_reached(tormented: Tormented, reached: set[str]) -> list[str]:
    """The deployed Lambdas in which nothing was made to go wrong, though something could."""
    return sorted(
        function
        for function in tormented.sight.functions() - reached
        if not any(
            function.endswith(name) or function.startswith(name + "-") for name in _ELSEWHERE
        )
    )


def test_wherever_a_process_dies_no_money_no_stock_and_no_order_is_lost(tormented, is_long):
    wanted = tellings(tormented, is_long)
    points = [fault for telling in wanted for fault in telling.faults]
    assert [point for point, _ in points if point.function == SAGA]
    if is_long:
        assert not_reached(tormented, {point.function for point, _ in points}) == []
    lanes: SimpleQueue[Shopper] = SimpleQueue()
    for shopper in tormented.shoppers(_LANES):
        lanes.put(shopper)

    with ThreadPoolExecutor(_LANES) as pool:
        told = list(pool.map(lambda telling: tell(tormented, lanes, telling), wanted))
    tormented.quiet(120)

    missed = [f"{how} {point}" for telling in told for point, how in telling.missed]
    tormented.tally["side effects that failed (before, after, or without an answer)"] += len(
        points
    ) - len(missed)
    tormented.tally["side effects that did not come up again"] += len(missed)
    tormented.tally["checkouts"] += sum(len(telling.ended) for telling in told)
    assert [str(telling) for telling in told if ends(telling) - USUALLY[telling.story]] == []
    assert len(missed) <= len(points) / 10, missed
    tormented.must_hold([ended.order_id for telling in told for ended in telling.ended], 120)
    assert tormented.sight.dead_letters() == {}


def ends(telling: Telling) -> set[str]:
    return {ended.status for ended in telling.ended}
