import json

import jwt
import pytest

from chalicelib.users.errors import UserNotFound
from common import redaction
from common.ids import InvalidId
from common.step_input import StepInputInvalid


def role_in(token):
    return jwt.decode(token, options={"verify_signature": False})["role"]


@pytest.mark.parametrize("named_by", ["userId", "email"])
def test_whom_the_operator_makes_an_admin_is_one_from_the_next_login_on(
    shop, jimmy, log_in, named_by
):
    who = {"userId": jimmy, "email": " Jimmy@Example.com"}[named_by]
    before = log_in()

    granted = shop.invoke("grant-role", {named_by: who, "role": "admin"})

    assert granted == {"userId": jimmy, "email": "jimmy@example.com", "role": "admin"}
    assert (role_in(before), role_in(log_in())) == ("customer", "admin")
    assert shop.get("/user/profile", token=log_in()).json_body["role"] == "admin"


def test_every_grant_is_logged_with_who_and_whom_and_what(shop, jimmy, capfd):
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


def test_granting_twice_changes_nothing_more_and_the_role_can_be_taken_back(shop, jimmy, log_in):
    for role in ("admin", "admin", "customer"):
        shop.invoke("grant-role", {"userId": jimmy, "role": role})

    assert role_in(log_in()) == "customer"


@pytest.mark.parametrize("who", [{"userId": "USER#nobody"}, {"email": "nobody@example.com"}])
def test_nobody_gets_no_role(shop, rows, who):
    with pytest.raises(UserNotFound):
        shop.invoke("grant-role", {**who, "role": "admin"})
    assert rows() == []


def test_who_is_deleted_at_the_same_moment_gets_no_role(shop, jimmy, log_in, rows, meanwhile):
    token = log_in()
    close = {"method": "DELETE", "path": "/user", "body": {"password": "12345"}, "token": token}
    meanwhile(lambda: shop.request(**close, headers=None), "update_item", "Users")

    with pytest.raises(UserNotFound):
        shop.invoke("grant-role", {"userId": jimmy, "role": "admin"})
    assert [row.keys() for row in rows()] == [{"userId", "deletedAt"}]


def test_a_grant_that_makes_no_sense_is_refused(shop, jimmy, subtests):
    somebody = {"email": "jimmy@example.com"}
    for wrong in (
        {}, {"role": "admin"}, somebody, {**somebody, "role": "root"}, {"email": "", "role": "admin"},
        {"email": 5, "role": "admin"}, {**somebody, "userId": jimmy, "role": "admin"}, [], None, "admin",
    ):  # fmt: skip
        with subtests.test(wrong=wrong), pytest.raises(StepInputInvalid):
            shop.invoke("grant-role", wrong)


def test_only_an_account_has_a_role(shop, jimmy, rows, subtests):
    for user_id in ("EMAIL#jimmy@example.com", "TURN#rotate-signing-key", ""):
        with subtests.test(user_id=user_id), pytest.raises(InvalidId):
            shop.invoke("grant-role", {"userId": user_id, "role": "admin"})
    assert [row["role"] for row in rows() if "role" in row] == ["customer"]
