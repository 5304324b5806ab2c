import httpx

from tests.support.actors import Customer, ok


def test_what_a_guest_chose_is_bought_after_the_login(shop, customer, bowl, sight):
    with httpx.Client(base_url=shop.url, timeout=40) as guest:
        secret = ok(guest.post("/cart/guest"), 201)["guestCart"]
        guest.headers["X-Guest-Cart"] = secret
        ok(guest.post("/cart/guest/items", json={"productId": bowl, "quantity": 2}))
    jimmy: Customer = customer()
    jimmy.put_in_cart(bowl, 1)

    for _ in range(2):  # two tabs log in
        ok(jimmy.http.post("/cart/merge", headers={"X-Guest-Cart": secret}))

    assert [(line["productId"], line["qty"]) for line in jimmy.cart()] == [(bowl, 3)]
    order_id = ok(jimmy.check_out(), 202)["orderId"]
    assert jimmy.outcome(order_id)["status"] == "CONFIRMED"
    assert sight.charged(order_id) == (3 * 1299, 0)
