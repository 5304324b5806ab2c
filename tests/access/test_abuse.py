"""What becomes of those who ask for what they must not get: each route of each service, asked in every way that attack.py knows."""

import json

import pytest

from common import security_headers
from delivery.paths import SERVICES
from docgen import access_page
from testkit.access_matrix import RIGHTS, Who

REFUSED = {
    "forged": {401, 403},
    "not an admin": {403},
    "no secret": {400, 401, 404},
    "somebody else's": {403, 404},
    "malformed id": {400, 404},
    "wrong media type": {415},
    "wrong value": {400, 409},  # a total that is not the order's is a conflict, whatever it is
    "odd key": {400},
}
# What may be harmless: not every client that sends it means ill. It must not break anything.
BORNE = {"odd value", "odd query", "odd address", "broken body", "wishful", "granted"}
OF_API_GATEWAY = {"forged"}  # the app is not asked; delivery.templates has these answers
LONGEST = 1000  # a refusal does not send back what it was sent
COUNTED = ["Attempts"]  # of what is refused only that it was tried is kept

services = pytest.mark.parametrize("service", SERVICES)


def way(text):
    method, path = text.split(" ")
    return method, path


@services
def test_every_route_has_its_place_in_the_table_of_rights(told, service):
    assert {way(route) for route in told[service]["routes"]} == set(RIGHTS[service]), (
        "testkit/access_matrix.py"
    )


@services
def test_every_route_without_an_authorizer_is_on_the_list_of_those_that_need_none(told, service):
    bare = {way(route) for route, authorizer in told[service]["routes"].items() if not authorizer}
    listed = {
        at for at, right in RIGHTS[service].items() if right.who not in (Who.CUSTOMER, Who.ADMIN)
    }

    assert bare == listed


def of(told, service, *kinds):
    return [answer for answer in told[service]["answers"] if answer["kind"] in kinds]


def shown(answers):
    return [
        f"{a['route']}: {a['attempt']}: {a['status']} {a['body'][:200]} {a['changed'] or ''}"
        for a in answers
    ]


@services
def test_every_route_grants_what_is_proper(told, service):
    """Without this the rest would hold of a service that refuses everything."""
    granted = of(told, service, "granted")

    assert {way(answer["route"]) for answer in granted} == set(RIGHTS[service])
    assert shown(a for a in granted if not 200 <= a["status"] < 300) == []


@services
@pytest.mark.parametrize("kind", REFUSED)
def test_what_must_be_refused_is_refused(told, service, kind):
    assert shown(a for a in of(told, service, kind) if a["status"] not in REFUSED[kind]) == []


@services
def test_a_broken_body_is_refused_as_what_it_is(told, service):
    assert shown(a for a in of(told, service, "broken body") if a["status"] != a["wanted"]) == []


@services
def test_nothing_breaks_a_service(told, service):
    assert shown(a for a in told[service]["answers"] if a["status"] >= 500) == []


@services
def test_every_kind_of_attempt_is_judged(told, service):
    assert {answer["kind"] for answer in told[service]["answers"]} <= set(REFUSED) | BORNE


@services
def test_what_is_refused_changes_nothing(told, service):
    refused = [a for a in told[service]["answers"] if a["status"] >= 400]
    assert shown(a for a in refused if a["changed"] not in ([], COUNTED)) == []


@services
def test_what_a_client_wishes_for_beyond_what_a_route_takes_is_found_nowhere(told, service):
    tables = {"INJECTED", "7777777", "0.07"}
    wishful = of(told, service, "wishful")
    assert shown(a for a in wishful if tables & set(a["changed"])) == []
    assert shown(a for a in wishful if any(wish in a["body"] for wish in tables)) == []


@services
def test_a_refusal_says_what_is_wrong_and_nothing_of_the_inside(told, service):
    refused = [
        a
        for a in told[service]["answers"]
        if a["status"] >= 400 and a["kind"] not in OF_API_GATEWAY
    ]
    for answer in refused:
        assert len(answer["body"]) < LONGEST, shown([answer])
        assert set(json.loads(answer["body"])) == {"Code", "Message"}, shown([answer])
    for answer in told[service]["answers"]:
        for inside in (
            "Traceback",
            ".py",
            "botocore",
            "ValidationException",
            "chalicelib",
            "arn:aws",
        ):
            assert inside not in answer["body"], shown([answer])


@services
def test_every_answer_tells_browsers_to_make_nothing_of_it_but_what_it_is(told, service):
    wanted = {**security_headers.SAFE, **security_headers.POLICY}
    for answer in told[service]["answers"]:
        if answer["kind"] not in OF_API_GATEWAY:
            found = {name: answer["headers"].get(name) for name in wanted}
            assert found == wanted, shown([answer])


@pytest.mark.parametrize("route", ["POST /user/register", "POST /user/login"])
def test_an_address_that_only_looks_like_somebodys_opens_no_account(told, route):
    odd = [a for a in of(told, "user-service", "odd address") if a["route"] == route]

    assert len(odd) >= 10
    assert shown(a for a in odd if a["status"] not in (400, 401)) == []


@pytest.mark.parametrize("kind", [*REFUSED, "broken body", "wishful", "odd address"])
def test_every_kind_of_attempt_was_made(told, kind):
    assert [a for service in SERVICES for a in of(told, service, kind)]


def test_the_page_of_who_may_call_what_is_that_of_the_routes():
    assert access_page.PAGE.read_text() == access_page.page(), "run: make access"
