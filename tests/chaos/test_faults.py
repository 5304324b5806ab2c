"""Random faults of AWS, gateways and processes, in hundreds of purchases."""

import random

from tests.chaos import scenarios
from tests.chaos.scenarios import Scenario
from tests.support.actors import FINAL

# Shares of all requests that Lambdas make. "before" and "after" kill the process at that side
# effect. "conflict" is a transaction conflict, which the local DynamoDB never has.
RATES = {
    "throttled": 0.02,
    "error": 0.02,
    "lost": 0.02,
    "slow": 0.03,
    "conflict": 0.05,
    "before": 0.0025,
    "after": 0.0025,
}
# Percentages of the scenarios.
MIX: dict[Scenario, int] = {
    scenarios.buy_by_card: 26,
    scenarios.click_twice: 10,
    scenarios.pay_with_declined_card: 8,
    scenarios.approve_challenge: 10,
    scenarios.refuse_challenge: 5,
    scenarios.pay_by_upi: 5,
    scenarios.order_and_pay_later: 5,
    scenarios.cancel_while_waiting: 5,
    scenarios.cancel_at_once: 5,
    scenarios.cancel_purchase: 4,
    scenarios.refund_one_item: 4,
    scenarios.ship_and_return: 3,
    scenarios.refund_at_dashboard: 3,
    scenarios.win_dispute: 3,
    scenarios.adjust_stock: 4,
}
_KILLS = {"before", "after"}  # so rare that a short run may have none
_STATUSES = {*FINAL, "PARTLY_REFUNDED", "REFUNDED"}


def mix_stories(count: int) -> list[Scenario]:
    """About so many stories in random order, each at least once."""
    shares = {story: max(1, share * count // 100) for story, share in MIX.items()}
    stories = [story for story, share in shares.items() for _ in range(share)]
    random.Random(7).shuffle(stories)
    return stories


def test_random_faults_leave_every_order_consistent(harness, is_long):
    checkouts, lanes = (200, 8) if is_long else (40, 8)
    harness.get_shoppers(lanes)  # registered before any fault
    mix = mix_stories(checkouts)
    planned = harness.faults.fired()
    harness.faults.rates(seed=7, **RATES)
    harness.set_gateway_faults(
        slow_ms=50, lose_answers=checkouts // 20, webhook_copies=2, reorder_webhooks=True
    )

    outcomes = harness.run_scenarios(mix, lanes)
    harness.stop_faults()
    harness.drain_queues(180)

    harness.tally["checkouts"] += len(mix)
    happened = harness.faults.fired() - planned
    harness.tally.update({f"random faults: {kind}": count for kind, count in happened.items()})
    assert set(RATES) - _KILLS <= set(happened)
    assert {outcome.status for outcome in outcomes} <= _STATUSES
    harness.redrive_until_empty()
    harness.assert_consistent([outcome.order_id for outcome in outcomes], 180, full_stock=True)
