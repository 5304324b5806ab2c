"""Staff find the account of a customer by the e-mail address."""

from urllib.parse import quote

import pytest
from actors import JIMMY

from common.roles import SCOPES, Role, Scope
from testkit.resources import table

FINDERS = [role for role in Role if Scope.CUSTOMERS_READ in SCOPES[role]]


@pytest.fixture
def find(shop, access_token):
    """Look for an address as Jane, who has this role."""
    jane = {**JIMMY, "email": "jane@example.com", "name": "Jane"}
    user_id = shop.post("/user/register", jane).json_body["userId"]

    def send(query, role=Role.SUPPORT):
        shop.invoke("grant-role", {"userId": user_id, "role": role})
        return shop.get(f"/users{query}", token=access_token("jane@example.com"))

    return send


@pytest.mark.parametrize("written", ["jimmy@example.com", " Jimmy@Example.COM "])
def test_staff_find_a_customer_by_the_address_in_any_case(find, jimmy, written):
    answer = find(f"?email={quote(written)}")

    assert answer.status_code == 200
    (account,) = answer.json_body
    assert {"userId": jimmy, "email": "jimmy@example.com"}.items() <= account.items()


def test_nothing_secret_of_an_account_is_shown(find, jimmy, rows):
    answer = find("?email=jimmy@example.com")

    shown = {"userId", "email", "name", "role", "createdAt", "emailVerified", "phone"}
    assert answer.json_body[0].keys() <= shown
    (stored,) = [row for row in rows() if row["userId"] == jimmy]
    assert stored["passwordHash"] not in answer.body.decode()


def test_a_part_of_an_address_finds_nobody(find, jimmy):
    assert find("?email=jimmy").json_body == []


def test_a_deleted_account_is_not_found(shop, find, jimmy, access_token):
    shop.request("DELETE", "/user", {"password": JIMMY["password"]}, access_token(), None)

    assert find("?email=jimmy@example.com").json_body == []


def test_an_account_that_ended_unproved_is_not_found(find, jimmy):
    for key in (jimmy, "EMAIL#jimmy@example.com"):
        table("Users").update_item(
            Key={"userId": key},
            UpdateExpression="SET expiresAt = :past",
            ExpressionAttributeValues={":past": 1},
        )

    assert find("?email=jimmy@example.com").json_body == []


@pytest.mark.parametrize("query", ["", "?email=", "?q=jim", "?email=a@example.com&limit=5"])
def test_an_address_is_needed_and_nothing_else_is_known(find, query):
    answer = find(query)

    assert (answer.status_code, answer.json_body["Code"]) == (400, "InvalidQuery")
    assert "email" in answer.json_body["Message"]


def test_only_roles_with_the_scope_find_customers(find, jimmy):
    answers = {role: find("?email=jimmy@example.com", role).status_code for role in Role}

    assert [role for role in Role if answers[role] == 200] == FINDERS
    assert {answers[role] for role in Role if role not in FINDERS} == {403}


def test_a_demoted_employee_finds_nobody_any_more(shop, find, jimmy, access_token):
    find("?email=jimmy@example.com")
    token = access_token("jane@example.com")
    shop.invoke("grant-role", {"email": "jane@example.com", "role": "customer"})

    answer = shop.get("/users?email=jimmy@example.com", token=token)

    assert (answer.status_code, answer.json_body["Code"]) == (401, "SessionEnded")
