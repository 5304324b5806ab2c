import json
from urllib.parse import quote

import jwt
import pytest
from actors import JIMMY

from chalicelib.users.errors import UserNotFound
from common import auth, redaction
from common.ids import InvalidId
from common.step_input import StepInputInvalid


def role_in(token):
    return jwt.decode(token, options={"verify_signature": False})["role"]


@pytest.mark.parametrize("named_by", ["userId", "email"])
def test_a_granted_role_shows_from_the_next_login_on(shop, jimmy, access_token, named_by):
    who = {"userId": jimmy, "email": " Jimmy@Example.com"}[named_by]
    before = access_token()

    granted = shop.invoke("grant-role", {named_by: who, "role": "admin"})

    assert granted == {"userId": jimmy, "email": "jimmy@example.com", "role": "admin"}
    assert (role_in(before), role_in(access_token())) == ("customer", "admin")
    assert shop.get("/user/profile", token=access_token()).json_body["role"] == "admin"


def expires_in(token):
    claims = jwt.decode(token, options={"verify_signature": False})
    return claims["exp"] - claims["iat"]


@pytest.mark.parametrize(("before", "after"), [("admin", "customer"), ("customer", "admin")])
def test_another_role_ends_all_sessions_at_once(shop, jimmy, log_in, before, after):
    shop.invoke("grant-role", {"userId": jimmy, "role": before})
    sessions = [log_in(), log_in()]

    shop.invoke("grant-role", {"userId": jimmy, "role": after})

    for tokens in sessions:
        refused = shop.get("/user/profile", token=tokens["token"])
        assert (refused.status_code, refused.json_body["Code"]) == (401, "SessionEnded")
        refresh = {"refreshToken": tokens["refreshToken"]}
        assert shop.post("/user/refresh", refresh).status_code == 401
    assert role_in(log_in()["token"]) == after


def test_a_demoted_admin_reads_nobody_elses_profile(shop, jimmy, access_token):
    shop.invoke("grant-role", {"userId": jimmy, "role": "admin"})
    token = access_token()
    shop.post("/user/register", {**JIMMY, "email": "jane@example.com"})
    jane = jwt.decode(access_token("jane@example.com"), options={"verify_signature": False})["sub"]
    path = f"/user/profile?userId={quote(jane, safe='')}"
    assert shop.get(path, token=token).status_code == 200

    shop.invoke("grant-role", {"userId": jimmy, "role": "customer"})

    assert shop.get(path, token=token).status_code == 401
    assert shop.get(path, token=access_token()).status_code == 403


def test_the_role_that_somebody_has_already_ends_no_session(shop, jimmy, log_in):
    tokens = log_in()

    shop.invoke("grant-role", {"userId": jimmy, "role": "customer"})

    assert shop.get("/user/profile", token=tokens["token"]).status_code == 200


def test_a_login_during_a_grant_starts_no_session_of_the_old_role(
    shop, jimmy, log_in, before_next_write
):
    shop.invoke("grant-role", {"userId": jimmy, "role": "admin"})
    demote = {"userId": jimmy, "role": "customer"}
    before_next_write(lambda: shop.invoke("grant-role", demote), "put_item", "Sessions")

    tokens = log_in()

    assert role_in(tokens["token"]) == "admin"
    assert shop.get("/user/profile", token=tokens["token"]).status_code == 401


def test_other_services_forget_a_role_within_two_minutes(shop, jimmy, log_in):
    assert expires_in(log_in()["token"]) == 900

    shop.invoke("grant-role", {"userId": jimmy, "role": "admin"})
    tokens = log_in()

    renewed = shop.post("/user/refresh", {"refreshToken": tokens["refreshToken"]}).json_body
    for issued in (tokens, renewed):
        assert issued["expiresIn"] == expires_in(issued["token"])
        assert expires_in(issued["token"]) + auth.CACHE_SECONDS <= 120


def test_every_grant_is_logged_with_granter_user_and_role(shop, jimmy, capfd):
    shop.invoke(
        "grant-role", {"userId": jimmy, "role": "admin", "grantedBy": "arn:aws:iam::1:user/ann"}
    )

    (line,) = (
        json.loads(line) for line in capfd.readouterr().out.splitlines() if "role granted" in line
    )
    assert {
        "grantedBy": "arn:aws:iam::1:user/ann",
        "userId": redaction.customer(jimmy),
        "before": "customer",
        "role": "admin",
    }.items() <= line.items()
    assert "jimmy@example.com" not in json.dumps(line)


def test_a_grant_is_idempotent_and_can_be_undone(shop, jimmy, access_token):
    for role in ("admin", "admin", "customer"):
        shop.invoke("grant-role", {"userId": jimmy, "role": role})

    assert role_in(access_token()) == "customer"


@pytest.mark.parametrize("who", [{"userId": "USER#nobody"}, {"email": "nobody@example.com"}])
def test_an_unknown_user_is_granted_no_role(shop, rows, who):
    with pytest.raises(UserNotFound):
        shop.invoke("grant-role", {**who, "role": "admin"})
    assert rows() == []


def test_a_user_who_is_being_deleted_is_granted_no_role(
    shop, jimmy, access_token, rows, before_next_write
):
    token = access_token()
    deletion = {"method": "DELETE", "path": "/user", "body": {"password": "12345"}, "token": token}
    before_next_write(lambda: shop.request(**deletion, headers=None), "update_item", "Users")

    with pytest.raises(UserNotFound):
        shop.invoke("grant-role", {"userId": jimmy, "role": "admin"})
    assert [row.keys() for row in rows()] == [{"userId", "deletedAt"}]


def test_a_malformed_grant_is_rejected(shop, jimmy, subtests):
    user = {"email": "jimmy@example.com"}
    for malformed in (
        {}, {"role": "admin"}, user, {**user, "role": "root"}, {"email": "", "role": "admin"},
        {"email": 5, "role": "admin"}, {**user, "userId": jimmy, "role": "admin"}, [], None,
        "admin",
    ):  # fmt: skip
        with subtests.test(grant=malformed), pytest.raises(StepInputInvalid):
            shop.invoke("grant-role", malformed)


def test_only_an_account_can_have_a_role(shop, jimmy, rows, subtests):
    for user_id in ("EMAIL#jimmy@example.com", "TURN#rotate-signing-key", ""):
        with subtests.test(user_id=user_id), pytest.raises(InvalidId):
            shop.invoke("grant-role", {"userId": user_id, "role": "admin"})
    assert [row["role"] for row in rows() if "role" in row] == ["customer"]
