"""The authorizers of the running shop, called by its API Gateway."""

import httpx
import pytest

from testkit.access_matrix import RIGHTS, Who
from tests.support.actors import Customer

PROTECTED = [
    (method, path)
    for ways in RIGHTS.values()
    for (method, path), right in ways.items()
    if right.who in (Who.CUSTOMER, Who.STAFF)
]
UNAUTHORIZED = {"Code": "Unauthorized", "Message": "send Authorization: Bearer <access token>"}


@pytest.fixture
def request_all(shop):
    """Request all protected routes with these headers. Returns the responses."""
    with httpx.Client(base_url=shop.url, timeout=40) as http:
        yield lambda headers: {
            (method, path): http.request(
                method, path.replace("{", "").replace("}", ""), headers=headers
            )
            for method, path in PROTECTED
        }


def forged(token: str) -> str:
    head, claims, signature = token.split(".")
    return f"{head}.{claims}.{signature[::-1]}"


def test_without_a_token_every_protected_route_is_401(request_all):
    answers = request_all([])

    assert len(answers) > 20
    assert {
        way: answer.status_code for way, answer in answers.items() if answer.json() != UNAUTHORIZED
    } == {}
    assert {answer.status_code for answer in answers.values()} == {401}


@pytest.mark.parametrize("size", [8_000, 50_000])
def test_an_oversized_token_is_rejected(request_all, size):
    assert {
        answer.status_code
        for answer in request_all([("Authorization", f"Bearer {'A' * size}")]).values()
    } == {401}


def test_a_forged_token_beside_a_valid_one_is_rejected(request_all, jimmy: Customer):
    good = str(jimmy.http.headers["Authorization"])
    bad = f"Bearer {forged(good.removeprefix('Bearer '))}"

    for headers in ([good, bad], [bad, good], [good, good]):
        answers = request_all([("Authorization", value) for value in headers])
        assert {answer.status_code for answer in answers.values()} <= {401, 403}
