from urllib.parse import quote

from tests.support.actors import ok, until


def refund(person, order_id, key=None, **body):
    headers = {"Idempotency-Key": key} if key else {}
    return person.http.post(f"/order/{quote(order_id, safe='')}/refund", json=body, headers=headers)


def order(person, order_id):
    return ok(person.http.get(f"/order/{quote(order_id, safe='')}"))


def ends(person, order_id, status):
    return until(lambda: order(person, order_id), lambda seen: seen["status"] == status, 60)


def test_a_customer_gives_one_piece_back_and_gets_its_price(jimmy, bowl, sight):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"

    asked = ok(refund(jimmy, order_id, "one", items=[{"productId": bowl, "qty": 1}]), 202)
    again = ok(refund(jimmy, order_id, "one", items=[{"productId": bowl, "qty": 1}]), 202)

    assert asked == again
    assert ends(jimmy, order_id, "PARTLY_REFUNDED")["refundedAmount"] == 12.99
    assert sight.charged(order_id) == (2598, 1299)
    assert sight.stock(bowl) == (4, 0, 1)
    assert asked["refundId"].split("#")[1] in sight.mail(jimmy.email, "on their way back")


def test_an_admin_gives_the_money_back_for_goods_that_are_broken(jimmy, admin, bowl, sight):
    order_id = jimmy.buy(bowl, 2)
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"

    ok(refund(admin, order_id, restock=False, reason="broken on the way"), 202)

    assert ends(jimmy, order_id, "REFUNDED")["refundedAmount"] == 25.98
    assert sight.charged(order_id) == (2598, 2598)
    assert sight.stock(bowl) == (3, 0, 2)


def test_nobody_gets_more_back_than_was_paid(jimmy, customer, bowl, sight):
    order_id = jimmy.buy(bowl, 1)
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"

    assert refund(customer(), order_id).status_code == 404
    assert refund(jimmy, order_id, "two", items=[{"productId": bowl, "qty": 2}]).status_code == 409
    assert refund(jimmy, order_id, restock=False).status_code == 403
    ok(refund(jimmy, order_id), 202)
    ends(jimmy, order_id, "REFUNDED")
    assert refund(jimmy, order_id, "more", items=[{"productId": bowl, "qty": 1}]).status_code == 409

    assert sight.charged(order_id) == (1299, 1299)
    assert sight.stock(bowl) == (5, 0, 0)
