"""What the shop learns of a client through the one address that the client sees."""

import uuid

import httpx

from tests.support.actors import Customer


def test_a_client_that_forges_its_address_still_waits(shop, customer):
    jimmy: Customer = customer()
    wrong = {"email": jimmy.email, "password": "not this one"}

    answers = [
        httpx.post(
            f"{shop.url}/user/login",
            json=wrong,
            headers={"X-Forwarded-For": f"10.0.0.{number}", "X-Real-IP": f"10.0.0.{number}"},
            timeout=40,
        )
        for number in range(6)
    ]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_other_customers_of_the_same_address_log_in_meanwhile(shop, customer):
    stranger = {"email": f"{uuid.uuid4().hex}@example.com", "password": "not this one"}
    for _ in range(6):
        answer = httpx.post(f"{shop.url}/user/login", json=stranger, timeout=40)
    assert answer.status_code == 429

    assert customer().get_cart() == []
