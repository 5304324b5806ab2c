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
    scenarios.buy_by_card: 40,
    scenarios.click_twice: 10,
    scenarios.pay_with_declined_card: 10,
    scenarios.approve_challenge: 10,
    scenarios.refuse_challenge: 5,
    scenarios.pay_by_upi: 5,
    scenarios.order_and_pay_later: 5,
    scenarios.cancel_while_waiting: 5,
    scenarios.cancel_at_once: 5,
    scenarios.refund_one_item: 5,
}
_KILLS = {"before", "after"}  # so rare that a short run may have none
_STATUSES = {*FINAL, "PARTLY_REFUNDED", "REFUNDED"}


def test_random_faults_leave_every_order_consistent(harness, is_long):
    checkouts, lanes = (200, 8) if is_long else (40, 8)
    harness.get_shoppers(lanes)  # registered before any fault
    mix = random.Random(7).choices(list(MIX), list(MIX.values()), k=checkouts)
    planned = harness.faults.fired()
    harness.faults.rates(seed=7, **RATES)
    harness.set_gateway_faults(
        slow_ms=50, lose_answers=checkouts // 20, webhook_copies=2, reorder_webhooks=True
    )

    outcomes = harness.run_scenarios(mix, lanes)
    harness.stop_faults()
    harness.drain_queues(180)

    harness.tally["checkouts"] += checkouts
    happened = harness.faults.fired() - planned
    harness.tally.update({f"random faults: {kind}": count for kind, count in happened.items()})
    assert set(RATES) - _KILLS <= set(happened)
    assert {outcome.status for outcome in outcomes} <= _STATUSES
    harness.redrive_until_empty()
    harness.assert_consistent([outcome.order_id for outcome in outcomes], 180)
