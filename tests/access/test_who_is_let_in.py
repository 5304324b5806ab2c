"""The authorizers where they stand: before every route of the running shop, as API Gateway asks them."""

import httpx
import pytest

from testkit.access_matrix import RIGHTS, Who
from tests.support.actors import Customer

CLOSED = [
    (method, path)
    for ways in RIGHTS.values()
    for (method, path), right in ways.items()
    if right.who in (Who.CUSTOMER, Who.ADMIN)
]
REFUSAL = {"Code": "Unauthorized", "Message": "send Authorization: Bearer <access token>"}


@pytest.fixture
def asked(shop):
    """The answers of all closed routes to these headers."""
    with httpx.Client(base_url=shop.url, timeout=40) as http:
        yield lambda headers: {
            (method, path): http.request(
                method, path.replace("{", "").replace("}", ""), headers=headers
            )
            for method, path in CLOSED
        }


def forged(token: str) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{signature[::-1]}"


def test_without_a_token_every_closed_route_says_what_to_send(asked):
    answers = asked([])

    assert len(answers) > 20
    assert {
        way: answer.status_code for way, answer in answers.items() if answer.json() != REFUSAL
    } == {}
    assert {answer.status_code for answer in answers.values()} == {401}


@pytest.mark.parametrize("size", [8_000, 50_000])
def test_an_oversized_token_is_refused_and_breaks_nothing(asked, size):
    assert {
        answer.status_code for answer in asked([("Authorization", f"Bearer {'A' * size}")]).values()
    } == {401}


def test_of_two_headers_no_forged_one_is_let_in_by_a_good_one(asked, jimmy: Customer):
    good = str(jimmy.http.headers["Authorization"])
    bad = f"Bearer {forged(good.removeprefix('Bearer '))}"

    for headers in ([good, bad], [bad, good], [good, good]):
        answers = asked([("Authorization", value) for value in headers])
        assert {answer.status_code for answer in answers.values()} <= {401, 403}
