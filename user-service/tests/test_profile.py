from urllib.parse import quote

import pytest
from conftest import JIMMY


@pytest.fixture
def jane(shop, jimmy):
    return shop.post(
        "/user/register", {**JIMMY, "email": "jane@example.com", "name": "Jane"}
    ).json_body["userId"]


@pytest.fixture
def admin_token(shop, log_in):
    """Jane runs the shop."""
    shop.invoke("grant-role", {"email": "jane@example.com", "role": "admin"})
    return log_in("jane@example.com")


def profile(shop, token, user_id=None):
    return shop.get(
        "/user/profile" + (f"?userId={quote(user_id, safe='')}" if user_id else ""), token=token
    )


def test_a_customer_sees_their_own_profile(shop, jimmy, log_in):
    for answer in (
        profile(shop, log_in()),
        profile(shop, log_in(), jimmy),
        profile(shop, log_in(), jimmy[5:]),
    ):
        assert answer.status_code == 200
        assert answer.json_body.keys() == {
            "userId",
            "email",
            "name",
            "role",
            "createdAt",
            "emailVerified",
        }
        assert {
            "userId": jimmy,
            "email": "jimmy@example.com",
            "name": "Jimmy",
            "role": "customer",
        }.items() <= answer.json_body.items()


def test_a_customer_sees_nobody_elses(shop, jimmy, jane, log_in):
    for user_id in (jane, "U101", "USER#nobody"):
        refused = profile(shop, log_in(), user_id)

        assert (refused.status_code, refused.json_body["Code"]) == (403, "NotYours")


def test_an_admin_sees_anybodys(shop, jimmy, jane, admin_token):
    assert profile(shop, admin_token, jimmy).json_body["name"] == "Jimmy"


def test_nobody_has_an_unknown_id(shop, jane, admin_token):
    refused = profile(shop, admin_token, "U101")

    assert (refused.status_code, refused.json_body["Code"]) == (404, "UserNotFound")


def test_what_is_no_users_id_is_refused(shop, jimmy, jane, admin_token, subtests):
    for user_id in ("EMAIL#jimmy@example.com", "TURN#rotate-signing-key", " ", "x" * 65, "a/b"):
        with subtests.test(user_id=user_id):
            refused = profile(shop, admin_token, user_id)
            assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidId")


def test_a_profile_is_closed_to_strangers(shop, jimmy):
    for token in (None, "abc"):
        assert shop.get("/user/profile", token=token).status_code in (401, 403)
