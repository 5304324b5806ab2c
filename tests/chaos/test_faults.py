"""AWS and the gateways are slow, refuse, break, lose answers, and processes die: at stated rates, in hundreds of purchases at once."""

import random

from tests.chaos import scenarios
from tests.chaos.scenarios import Story
from tests.support.actors import FINAL

# Of all requests that Lambdas make: two in a hundred are throttled, and so on; a process dies at one in two hundred effects. Of the writes to
# DynamoDB five in a hundred meet somebody else's transaction, which the local one never does.
RATES = {
    "throttled": 0.02,
    "error": 0.02,
    "lost": 0.02,
    "slow": 0.03,
    "conflict": 0.05,
    "before": 0.0025,
    "after": 0.0025,
}
# How often each story is told, in a hundred.
MIX: dict[Story, int] = {
    scenarios.buys_by_card: 40,
    scenarios.clicks_twice: 10,
    scenarios.is_declined: 10,
    scenarios.agrees_at_the_bank: 10,
    scenarios.refuses_at_the_bank: 5,
    scenarios.pays_by_upi: 5,
    scenarios.orders_and_pays_later: 5,
    scenarios.cancels_while_it_waits: 5,
    scenarios.cancels_at_once: 5,
    scenarios.gives_one_back: 5,
}
_DEATHS = {"before", "after"}  # so rare that a short run may be spared
_ENDS = {*FINAL, "PARTLY_REFUNDED", "REFUNDED"}


def test_whatever_breaks_between_the_services_and_aws_every_order_ends_right(tormented, is_long):
    checkouts, lanes = (200, 8) if is_long else (40, 8)
    tormented.shoppers(lanes)  # they come before anything goes wrong
    tales = random.Random(7).choices(list(MIX), list(MIX.values()), k=checkouts)
    planned = tormented.faults.fired()
    tormented.faults.rates(seed=7, **RATES)
    tormented.gateways(
        slow_ms=50, lose_answers=checkouts // 20, webhook_copies=2, reorder_webhooks=True
    )

    ended = tormented.told(tales, lanes)
    tormented.calm()
    tormented.quiet(180)

    tormented.tally["checkouts"] += checkouts
    happened = tormented.faults.fired() - planned
    tormented.tally.update({f"faults at random: {how}": count for how, count in happened.items()})
    assert set(RATES) - _DEATHS <= set(happened)
    assert {one.status for one in ended} <= _ENDS
    tormented.redrive_all()
    tormented.must_hold([one.order_id for one in ended], 180)
