"""Each route of each service rejects every attempt of attack.py that it must."""

import json

import pytest

from common import security_headers
from common.roles import Role
from delivery.paths import SERVICES
from docgen import access_page
from testkit.access_matrix import RIGHTS, Who
from tests.access.malformed_inputs import INJECTED

REJECTED = {
    "forged": {401, 403},
    "insufficient scope": {403},
    "insufficient scope for foreign": {403, 404},
    "no secret": {400, 401, 404},
    "foreign": {403, 404},
    "malformed id": {400, 404},
    "unknown query": {400},
    "wrong media type": {415},
    "wrong value": {400, 409},  # another total than the order's is a conflict
    "odd key": {400},
}
# What may be harmless, and must not break anything.
TOLERATED = {
    "odd value",
    "odd query",
    "odd address",
    "broken body",
    "injection",
    "granted",
    "on behalf",
}
OF_API_GATEWAY = {"forged"}  # answered by delivery.templates instead of the app
MAX_ERROR_LENGTH = 1000  # an error does not repeat the request
RATE_LIMITS = (["Attempts"], ["CardDeclines"])  # count rejected attempts, too

_A_CART = "what is in a cart is neither bought nor paid"
UNTRACED = {
    "POST /cart": _A_CART,
    "PATCH /cart/{product_id}": _A_CART,
    "DELETE /cart/{product_id}": _A_CART,
    "DELETE /cart": _A_CART,
    "POST /cart/merge": _A_CART,
    "POST /products/imports/{import_id}/start": "writes once a file is there; test_imports.py",
}

services = pytest.mark.parametrize("service", SERVICES)


def split_route(text):
    method, path = text.split(" ")
    return method, path


@services
def test_every_route_is_in_the_access_matrix(results, service):
    assert {split_route(route) for route in results[service]["routes"]} == set(RIGHTS[service]), (
        "testkit/access_matrix.py"
    )


@services
def test_every_route_without_an_authorizer_is_declared_public(results, service):
    bare = {
        split_route(route)
        for route, authorizer in results[service]["routes"].items()
        if not authorizer
    }
    listed = {
        at for at, right in RIGHTS[service].items() if right.who not in (Who.CUSTOMER, Who.STAFF)
    }

    assert bare == listed


def attempts(results, service, *kinds):
    return [attempt for attempt in results[service]["attempts"] if attempt["kind"] in kinds]


def described(attempts):
    return [
        f"{a['route']}: {a['name']}: {a['status']} {a['body'][:200]} {a['changed'] or ''}"
        for a in attempts
    ]


@services
def test_every_route_grants_valid_requests(results, service):
    """Otherwise a service that rejects everything would pass."""
    granted = attempts(results, service, "granted")

    assert {split_route(attempt["route"]) for attempt in granted} == set(RIGHTS[service])
    assert described(a for a in granted if not 200 <= a["status"] < 300) == []


@services
def test_staff_with_the_scope_act_on_behalf_of_customers(results, service):
    granted = attempts(results, service, "on behalf")

    assert described(a for a in granted if not 200 <= a["status"] < 300) == []


@services
def test_every_role_was_tried_on_every_route_with_a_scope(results, service):
    kinds = ("granted", "on behalf", "insufficient scope", "insufficient scope for foreign")
    tried = {(a["route"], a["name"]) for a in attempts(results, service, *kinds)}
    scoped = {at: right for at, right in RIGHTS[service].items() if right.scope}

    assert {
        (f"{method} {path}", f"a token of {role}") for method, path in scoped for role in Role
    } <= tried


@services
def test_every_route_declares_the_scope_of_the_access_matrix(results, service):
    listed = {at: right.scope for at, right in RIGHTS[service].items()}

    assert {split_route(route): scope for route, scope in results[service]["scopes"].items()} == {
        at: scope and str(scope) for at, scope in listed.items()
    }


@services
def test_each_change_of_staff_is_traced(results, service):
    """By tables: what `common` writes while a scope is used is written with its trace."""
    allowed = attempts(results, service, "granted", "on behalf")
    staff = [a for a in allowed if a["name"].startswith("a token of ")]
    untraced = [a for a in staff if a["changed"] and not is_traced(a)]

    assert described(a for a in untraced if a["route"] not in UNTRACED) == []


@services
def test_every_scope_to_write_was_used_to_write(results, service):
    """Otherwise a route that writes nothing in these attempts would pass."""
    writing = {
        f"{method} {path}"
        for (method, path), right in RIGHTS[service].items()
        if method != "GET" and right.scope and right.scope.endswith(":write")
    }
    traced = {a["route"] for a in results[service]["attempts"] if is_traced(a)}

    assert writing - UNTRACED.keys() <= traced


def is_traced(attempt):
    return any(table.endswith("StaffActs") for table in attempt["changed"])


@services
def test_a_missing_scope_is_named(results, service):
    for attempt in attempts(results, service, "insufficient scope"):
        scope = RIGHTS[service][split_route(attempt["route"])].scope
        assert json.loads(attempt["body"])["Code"] == "InsufficientScope"
        assert str(scope) in attempt["body"]


@services
@pytest.mark.parametrize("kind", REJECTED)
def test_every_forbidden_attempt_is_rejected(results, service, kind):
    assert (
        described(a for a in attempts(results, service, kind) if a["status"] not in REJECTED[kind])
        == []
    )


@services
def test_a_broken_body_gets_its_own_status(results, service):
    assert (
        described(
            a for a in attempts(results, service, "broken body") if a["status"] != a["expected"]
        )
        == []
    )


@services
def test_no_attempt_causes_a_server_error(results, service):
    assert described(a for a in results[service]["attempts"] if a["status"] >= 500) == []


@services
def test_every_kind_of_attempt_is_evaluated(results, service):
    assert {attempt["kind"] for attempt in results[service]["attempts"]} <= set(
        REJECTED
    ) | TOLERATED


@services
def test_a_rejected_request_changes_nothing(results, service):
    rejected = [a for a in results[service]["attempts"] if a["status"] >= 400]
    assert described(a for a in rejected if a["changed"] not in ([], *RATE_LIMITS)) == []


@services
def test_unknown_fields_are_neither_stored_nor_returned(results, service):
    values = set(INJECTED)
    injections = attempts(results, service, "injection")
    assert described(a for a in injections if values & set(a["changed"])) == []
    assert described(a for a in injections if any(value in a["body"] for value in values)) == []


@services
def test_an_error_names_the_mistake_and_no_internals(results, service):
    rejected = [
        a
        for a in results[service]["attempts"]
        if a["status"] >= 400 and a["kind"] not in OF_API_GATEWAY
    ]
    for attempt in rejected:
        assert len(attempt["body"]) < MAX_ERROR_LENGTH, described([attempt])
        assert set(json.loads(attempt["body"])) == {"Code", "Message"}, described([attempt])
    for attempt in results[service]["attempts"]:
        for internal in (
            "Traceback",
            ".py",
            "botocore",
            "ValidationException",
            "chalicelib",
            "arn:aws",
        ):
            assert internal not in attempt["body"], described([attempt])


@services
def test_every_response_has_the_security_headers(results, service):
    expected = {**security_headers.SAFE, **security_headers.POLICY}
    for attempt in results[service]["attempts"]:
        if attempt["kind"] not in OF_API_GATEWAY:
            headers = {name: attempt["headers"].get(name) for name in expected}
            assert headers == expected, described([attempt])


@pytest.mark.parametrize("route", ["POST /user/register", "POST /user/login"])
def test_a_lookalike_address_opens_no_account(results, route):
    odd = [a for a in attempts(results, "user-service", "odd address") if a["route"] == route]

    assert len(odd) >= 10
    assert described(a for a in odd if a["status"] not in (400, 401)) == []


@pytest.mark.parametrize("kind", [*REJECTED, "broken body", "injection", "odd address"])
def test_every_kind_of_attempt_was_made(results, kind):
    assert [a for service in SERVICES for a in attempts(results, service, kind)]


def test_the_access_page_is_up_to_date():
    assert access_page.PAGE.read_text() == access_page.page(), "run: make access"
