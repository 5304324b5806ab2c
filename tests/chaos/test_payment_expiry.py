"""Whoever does not pay in time gets nothing, and whoever pays after that gets the money back."""

from tests.chaos.scenarios import CHALLENGED
from tests.support.actors import until


def test_money_that_comes_after_the_order_has_expired_goes_back(tormented):
    by_card, by_upi = tormented.shoppers(2)
    before = [tormented.sight.stock(shopper.goods) for shopper in (by_card, by_upi)]
    with tormented.short_waits():
        orders = [by_card.buy(CHALLENGED), by_upi.buy(None, method="UPI")]
        actions = [by_card.challenge(orders[0]), by_upi.challenge(orders[1])]
        assert by_card.ended(orders[0]).status == "EXPIRED"
        assert by_upi.ended(orders[1]).status == "EXPIRED"

    # Stripe lets nobody pay any more; at Razorpay an order stays open for ever.
    assert by_card.tries_to_pay(actions[0]).status_code == 400
    assert by_upi.tries_to_pay(actions[1]).status_code == 200

    tormented.tally["checkouts"] += 2
    until(lambda: tormented.charged(orders[1]), lambda money: money == (2598, 2598), 60)
    tormented.quiet()
    assert tormented.charged(orders[0]) == (0, 0)
    assert [tormented.sight.stock(shopper.goods) for shopper in (by_card, by_upi)] == before
    tormented.must_hold(orders)
