"""What the shop learns of a client through the one address that the client sees."""

import httpx

from tests.support.actors import Customer

_MAX_TRIES = 14  # five are free; then the wait doubles from a second


def test_a_client_that_forges_its_address_still_waits(shop, customer):
    jimmy: Customer = customer()
    wrong = {"email": jimmy.email, "password": "not this one"}

    for number in range(_MAX_TRIES):
        forged = f"10.0.0.{number}"
        answer = httpx.post(
            f"{shop.url}/user/login",
            json=wrong,
            headers={"X-Forwarded-For": forged, "X-Real-IP": forged},
            timeout=40,
        )
        if answer.status_code != 401:
            break

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
