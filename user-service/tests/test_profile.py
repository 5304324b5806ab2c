from urllib.parse import quote

import pytest
from actors import JIMMY


@pytest.fixture
def jane(shop, jimmy):
    return shop.post(
        "/user/register", {**JIMMY, "email": "jane@example.com", "name": "Jane"}
    ).json_body["userId"]


@pytest.fixture
def admin_token(shop, access_token):
    """Jane is an admin."""
    shop.invoke("grant-role", {"email": "jane@example.com", "role": "admin"})
    return access_token("jane@example.com")


def get_profile(shop, token, user_id=None):
    return shop.get(
        "/user/profile" + (f"?userId={quote(user_id, safe='')}" if user_id else ""), token=token
    )


def test_a_customer_sees_their_own_profile(shop, jimmy, access_token):
    for answer in (
        get_profile(shop, access_token()),
        get_profile(shop, access_token(), jimmy),
        get_profile(shop, access_token(), jimmy[5:]),
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


def test_a_customer_sees_no_other_profile(shop, jimmy, jane, access_token):
    for user_id in (jane, "U101", "USER#nobody"):
        rejected = get_profile(shop, access_token(), user_id)

        assert (rejected.status_code, rejected.json_body["Code"]) == (403, "NotYours")


def test_an_admin_sees_any_profile(shop, jimmy, jane, admin_token):
    assert get_profile(shop, admin_token, jimmy).json_body["name"] == "Jimmy"


def test_an_unknown_user_has_no_profile(shop, jane, admin_token):
    rejected = get_profile(shop, admin_token, "U101")

    assert (rejected.status_code, rejected.json_body["Code"]) == (404, "UserNotFound")


def test_a_malformed_user_id_is_rejected(shop, jimmy, jane, admin_token, subtests):
    for user_id in ("EMAIL#jimmy@example.com", "TURN#rotate-signing-key", " ", "x" * 65, "a/b"):
        with subtests.test(user_id=user_id):
            rejected = get_profile(shop, admin_token, user_id)
            assert (rejected.status_code, rejected.json_body["Code"]) == (400, "InvalidId")


def test_a_profile_needs_a_valid_token(shop, jimmy):
    for token in (None, "abc"):
        assert shop.get("/user/profile", token=token).status_code in (401, 403)
