"""The examples of the requirements, sent as they are written."""

import uuid

import httpx
import pytest

from delivery.paths import SERVICES
from tests.support.actors import ok, poll_until


@pytest.fixture
def guest(shop):
    with httpx.Client(base_url=shop.url, timeout=40) as http:
        yield http


def address():
    return f"jimmy-{uuid.uuid4().hex[:8]}@example.com"


def test_register_login_and_profile(guest):
    email = address()
    answer = ok(
        guest.post("/user/register", json={"email": email, "password": "12345", "name": "Jimmy"}),
        201,
    )
    assert answer["message"] == "User registered successfully"
    user_id = answer["userId"]

    login = ok(guest.post("/user/login", json={"email": email, "password": "12345"}))
    assert login["userId"] == user_id
    bearer = {"Authorization": f"Bearer {login['token']}"}

    for path in ("/user/profile", f"/user/profile?userId={user_id.replace('#', '%23')}"):
        profile = ok(guest.get(path, headers=bearer))
        assert {"userId": user_id, "email": email, "name": "Jimmy"}.items() <= profile.items()


def test_register_ignores_a_user_id(guest):
    body = {"userId": "U101", "name": "Jimmy", "email": address(), "password": "test123"}

    answer = ok(guest.post("/user/register", json=body), 201)

    assert answer["message"] == "User registered successfully"
    assert answer["userId"] != "U101"
    login = ok(guest.post("/user/login", json={"email": body["email"], "password": "test123"}))
    assert login["message"] == "Login successful"
    wrong = guest.post("/user/login", json={"email": body["email"], "password": "wrong"})
    assert wrong.status_code == 401


def test_products_cart_and_order(admin, jimmy):
    product = {
        "name": "Protein Bowl",
        "price": 12.99,
        "description": "High-protein meal",
        "stock": 50,
    }
    created = ok(admin.http.post("/product", json=product), 201)
    assert created["message"] == "Product created"
    product_id = created["productId"]

    response = jimmy.http.post("/product", json=product)
    assert response.status_code == 403

    prices = {"minPrice": 12.99, "maxPrice": 12.99, "limit": 100}
    shown = {"productId": product_id, "name": "Protein Bowl", "price": 12.99}
    poll_until(
        lambda: ok(jimmy.http.get("/products", params=prices)),
        lambda listed: any(shown.items() <= row.items() for row in listed),
        10,
    )

    added = ok(
        jimmy.http.post(
            "/cart", json={"userId": jimmy.user_id, "productId": product_id, "quantity": 2}
        )
    )
    assert {"message": "Added to cart", "productId": product_id}.items() <= added.items()
    (line,) = jimmy.get_cart()
    assert {
        "productId": product_id,
        "name": "Protein Bowl",
        "qty": 2,
        "price": 12.99,
    }.items() <= line.items()

    order = {"userId": jimmy.user_id, "cartItems": [{"productId": product_id, "qty": 2}]}
    placed = ok(jimmy.http.post("/order", json=order), 201)
    assert placed["status"] == "CREATED"
    assert placed["orderId"].startswith("ORDER#")


def test_inputs_of_lambdas_without_a_route(probe, admin, jimmy):
    product_id = admin.create_product(
        name="Protein Bowl", price=12.99, description="High-protein meal", stock=50
    )
    number = uuid.uuid4().hex[:12].upper()

    paid = probe.invoke(
        "checkout-orchestrator-local-process-payment",
        {"orderId": f"ORDER#{number}", "amount": 25.98, "method": "UPI"},
    )
    # Without a payment method the customer has to act.
    assert (paid["paymentId"], paid["status"]) == (f"PAY#{number}", "REQUIRES_ACTION")

    items = [{"productId": product_id, "qty": 2}]
    probe.invoke(
        "product-service-local-update-inventory", {"orderId": f"ORDER#{number}", "items": items}
    )
    assert probe.stock(product_id) == (48, 0, 2)

    message = {
        "userId": jimmy.user_id,
        "type": "EMAIL",
        "message": f"Your order #{number} is confirmed",
    }
    probe.invoke("checkout-orchestrator-local-send-notification", message)
    assert probe.await_mail(jimmy.email, f"Your order #{number} is confirmed")


def test_every_function_of_the_requirements_is_deployed(probe):
    functions = {
        "product-service": {
            "check-inventory",
            "update-inventory",
            "release-inventory",
            "expire-reservations",
        },
        "cart-service": {"clear-cart"},
        "order-service": {"validate-order", "create-order-record", "fail-order", "announce-orders"},
        "checkout-orchestrator": {
            "process-payment",
            "refund-payment",
            "await-payment",
            "send-notification",
            "on-order-created",
            "on-payment-retry",
            "on-inventory-update",
            "on-order-done-receipt",
            "on-order-done-audit",
        },
        "analytics-service": {
            "on-orders-stream",
            "on-payments-stream",
            "on-inventory-stream",
            "on-analytics-queue",
            "on-order-done",
        },
        "user-service": {"grant-role"},
    }
    expected = {f"{service}-local-{name}" for service, names in functions.items() for name in names}

    assert expected <= probe.function_names()
    assert {f"{service}-local" for service in SERVICES} <= probe.function_names()


def test_an_unknown_path_gets_the_shops_own_error(guest):
    answer = guest.get("/nowhere")
    assert (answer.status_code, answer.json()["Code"]) == (404, "NotFound")

    assert guest.get("/user/nowhere").status_code == 404
    assert "Code" in guest.get("/user/nowhere").json()


@pytest.mark.parametrize("token", ["", "Bearer abc", "Basic abc", "abc"])
def test_an_invalid_token_is_rejected_with_401(guest, token):
    answer = guest.get("/cart", headers={"Authorization": token} if token else {})

    assert answer.status_code == 401
    assert set(answer.json()) == {"Code", "Message"}


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "http://localhost:5173", "http://127.0.0.1:5173"]
)
def test_a_browser_of_an_allowed_origin_may_read(guest, origin):
    answer = guest.options(
        "/cart", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )

    assert answer.status_code == 200
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert answer.headers["access-control-allow-origin"] == origin
    assert (
        guest.get("/products", headers={"Origin": origin}).headers["access-control-allow-origin"]
        == origin
    )


def test_a_browser_of_another_origin_may_not_read(guest):
    origin = "https://evil.example"
    answer = guest.get("/products", headers={"Origin": origin})
    preflight = guest.options(
        "/cart", headers={"Origin": origin, "Access-Control-Request-Method": "GET"}
    )

    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
    assert preflight.headers["access-control-allow-origin"] != origin
