import httpx

from tests.support.actors import Customer, ok


def test_a_guests_cart_is_bought_after_the_login(shop, customer, bowl, probe):
    with httpx.Client(base_url=shop.url, timeout=40) as guest:
        secret = ok(guest.post("/cart/guest"), 201)["guestCart"]
        guest.headers["X-Guest-Cart"] = secret
        ok(guest.post("/cart/guest/items", json={"productId": bowl, "quantity": 2}))
    jimmy: Customer = customer()
    jimmy.add_to_cart(bowl, 1)

    for _ in range(2):  # two tabs log in
        ok(jimmy.http.post("/cart/merge", headers={"X-Guest-Cart": secret}))

    assert [(line["productId"], line["qty"]) for line in jimmy.get_cart()] == [(bowl, 3)]
    order_id = ok(jimmy.check_out(), 202)["orderId"]
    assert jimmy.await_outcome(order_id)["status"] == "CONFIRMED"
    assert probe.charged(order_id) == (3 * 1299, 0)
