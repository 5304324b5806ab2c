"""An order that is not paid in time expires, and a late payment is refunded."""

from tests.chaos.scenarios import CHALLENGED
from tests.support.actors import poll_until


def test_a_payment_after_the_order_expired_is_refunded(harness):
    by_card, by_upi = harness.get_shoppers(2)
    goods = (by_card.goods, by_upi.upi_goods)
    before = [harness.probe.stock(product_id) for product_id in goods]
    with harness.shorten_waits():
        orders = [by_card.buy(CHALLENGED), by_upi.buy(None, method="UPI")]
        actions = [by_card.await_challenge(orders[0]), by_upi.await_challenge(orders[1])]
        assert by_card.await_outcome(orders[0]).status == "EXPIRED"
        assert by_upi.await_outcome(orders[1]).status == "EXPIRED"

    # Stripe rejects a late payment. A Razorpay order stays open for ever.
    assert by_card.try_to_approve(actions[0]).status_code == 400
    assert by_upi.try_to_approve(actions[1]).status_code == 200

    harness.tally["checkouts"] += 2
    poll_until(lambda: harness.charged(orders[1]), lambda money: money == (2598, 2598), 60)
    harness.drain_queues()
    assert harness.charged(orders[0]) == (0, 0)
    assert [harness.probe.stock(product_id) for product_id in goods] == before
    harness.assert_consistent(orders)
