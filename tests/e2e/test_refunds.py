from urllib.parse import quote

from tests.support.actors import ok, poll_until


def refund(person, order_id, key=None, **body):
    headers = {"Idempotency-Key": key} if key else {}
    body = {"reason": "broken on the way", **body}
    return person.http.post(f"/order/{quote(order_id, safe='')}/refund", json=body, headers=headers)


def get_order(person, order_id):
    return ok(person.http.get(f"/order/{quote(order_id, safe='')}"))


def await_status(person, order_id, status):
    return poll_until(
        lambda: get_order(person, order_id), lambda order: order["status"] == status, 60
    )


def test_staff_refund_one_piece_at_its_price(jimmy, admin, bowl, probe):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"

    first = ok(refund(admin, order_id, "one", items=[{"productId": bowl, "qty": 1}]), 202)
    again = ok(refund(admin, order_id, "one", items=[{"productId": bowl, "qty": 1}]), 202)

    assert first["refundId"] == again["refundId"]
    assert await_status(jimmy, order_id, "PARTLY_REFUNDED")["refundedAmount"] == 12.99
    assert probe.charged(order_id) == (2598, 1299)
    assert probe.stock(bowl) == (4, 0, 1)
    assert first["refundId"].split("#")[1] in probe.await_mail(jimmy.email, "on their way back")


def test_staff_refund_broken_goods_without_restocking(jimmy, admin, bowl, probe):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"

    ok(refund(admin, order_id, restock=False), 202)

    assert await_status(jimmy, order_id, "REFUNDED")["refundedAmount"] == 25.98
    assert probe.charged(order_id) == (2598, 2598)
    assert probe.stock(bowl) == (3, 0, 2)


def test_a_customer_cancels_a_paid_order_and_gets_all_of_it_back(jimmy, bowl, probe):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"

    assert ok(jimmy.cancel(order_id))["status"] == "CANCELLING"

    assert await_status(jimmy, order_id, "REFUNDED")["refundedAmount"] == 25.98
    assert probe.charged(order_id) == (2598, 2598)
    assert probe.stock(bowl) == (5, 0, 0)
    assert "25.98 USD are on their way back" in probe.await_mail(jimmy.email, "is cancelled")


def test_no_more_is_refunded_than_was_paid(jimmy, admin, bowl, probe):
    order_id = jimmy.buy(bowl, 1)
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"

    assert refund(jimmy, order_id).status_code == 403
    assert refund(admin, order_id, "two", items=[{"productId": bowl, "qty": 2}]).status_code == 409
    ok(refund(admin, order_id), 202)
    await_status(jimmy, order_id, "REFUNDED")
    more = [{"productId": bowl, "qty": 1}]
    assert refund(admin, order_id, "more", items=more).status_code == 409

    assert probe.charged(order_id) == (1299, 1299)
    assert probe.stock(bowl) == (5, 0, 0)
