"""Looking at, changing, taking away and erasing what the shop knows of somebody."""

import json

import pytest
from botocore.exceptions import ClientError
from conftest import JIMMY
from moto.dynamodb.models import DynamoDBBackend

from common import aws, clock, queues

LOGIN = {"email": "jimmy@example.com", "password": "12345"}


def edit(shop, token, changes):
    return shop.patch("/user/profile", changes, token=token)


def delete(shop, token, password="12345"):
    return shop.request("DELETE", "/user", {"password": password}, token, None)


def test_a_customer_changes_name_and_phone(shop, jimmy, log_in):
    answer = edit(shop, log_in(), {"name": " James ", "phone": "+14155550123"})

    assert answer.status_code == 200
    for seen in (answer, shop.get("/user/profile", token=log_in())):
        assert (seen.json_body["name"], seen.json_body["phone"]) == ("James", "+14155550123")


def test_what_is_left_out_stays_and_a_phone_can_go(shop, jimmy, log_in):
    edit(shop, log_in(), {"phone": "+14155550123"})
    assert edit(shop, log_in(), {"name": "James"}).json_body["phone"] == "+14155550123"

    assert "phone" not in edit(shop, log_in(), {"phone": None}).json_body
    assert edit(shop, log_in(), {}).json_body["name"] == "James"


def test_nothing_else_can_be_changed(shop, jimmy, log_in, rows):
    edit(
        shop,
        log_in(),
        {"role": "admin", "email": "a@example.com", "userId": "USER#1", "emailVerified": True},
    )

    (account,) = (row for row in rows() if row["userId"] == jimmy)
    assert (account["role"], account["email"]) == ("customer", "jimmy@example.com")
    assert "emailVerifiedAt" not in account


def test_a_wrong_change_is_refused_and_the_field_named(shop, jimmy, log_in, subtests):
    wrong = (
        ("name", ""),
        ("name", None),
        ("name", "n" * 101),
        ("name", "a\nb"),
        ("phone", "123"),
        ("phone", 5),
    )
    for field, value in wrong:
        with subtests.test(field=field, value=value):
            refused = edit(shop, log_in(), {field: value})
            assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody")
            assert refused.json_body["Message"].startswith(f"{field}: ")


def test_everybody_gets_all_that_is_kept_of_them(shop, jimmy, enter, post_office):
    tokens = enter()
    post_office.deliver()
    edit(shop, tokens["token"], {"phone": "+14155550123"})

    kept = shop.get("/user/export", token=tokens["token"]).json_body

    assert {"userId": jimmy, "email": "jimmy@example.com", "phone": "+14155550123"}.items() <= kept[
        "profile"
    ].items()
    (session,) = kept["sessions"]
    assert session["createdAt"].endswith("Z")
    assert "passwordSetAt" not in session
    assert [mail["kind"] for mail in kept["mails"]] == ["EMAIL_VERIFICATION"]
    assert "Hash" not in json.dumps(kept)


def test_everybody_is_shown_in_which_session_the_password_was_changed(shop, jimmy, enter):
    here = enter()
    change = {"password": "12345", "newPassword": "a better password"}
    shop.post("/user/password", change, token=here["token"])

    (session,) = shop.get("/user/export", token=here["token"]).json_body["sessions"]

    assert session["passwordSetAt"].endswith("Z")


def test_deletion_erases_the_person(shop, jimmy, enter, rows, post_office):
    tokens = enter()
    enter()
    post_office.deliver()

    answer = delete(shop, tokens["token"])

    assert (answer.status_code, answer.json_body) == (200, {"message": "Account deleted"})
    left = rows() + rows("Sessions") + rows("AccountMails")
    assert [row.keys() for row in left] == [{"userId", "deletedAt"}]
    assert "jimmy" not in json.dumps(left + rows("Attempts"), default=str)
    assert shop.post("/user/login", LOGIN).status_code == 401
    assert shop.post("/user/refresh", {"refreshToken": tokens["refreshToken"]}).status_code == 401
    assert shop.get("/user/profile", token=tokens["token"]).status_code == 401


def come(shop, messages):
    for message in messages:
        shop.sqs("on-account-deletion", [message])


def coming(name):
    """How many messages of the queue nobody gets yet."""
    asked = {"QueueUrl": queues.url(name), "AttributeNames": ["All"]}
    return int(
        aws.client("sqs").get_queue_attributes(**asked)["Attributes"][
            "ApproximateNumberOfMessagesDelayed"
        ]
    )


def test_the_shop_hears_of_a_deletion_once_no_access_token_is_good_any_more(
    shop, jimmy, enter, bus, monkeypatch
):
    monkeypatch.setenv("ERASURE_DELAY_SECONDS", "1020")
    delete(shop, enter()["token"])
    assert coming("account-deletion-queue") == 1

    come(shop, [{"userId": jimmy, "due": clock.epoch() + 120}])
    assert coming("account-deletion-queue") == 2
    assert bus.events("AccountDeleted") == []

    come(shop, [{"userId": jimmy, "due": clock.epoch()}] * 2)

    told = [event["detail"] for event in bus.events("AccountDeleted")]
    assert {(each["userId"], each["eventId"]) for each in told} == {(jimmy, told[0]["eventId"])}


def test_a_deletion_that_did_not_happen_is_not_told(shop, jimmy, enter, bus):
    come(shop, [{"userId": jimmy, "due": 0}])

    assert bus.events("AccountDeleted") == []
    assert shop.post("/user/login", LOGIN).status_code == 200


def test_a_deletion_needs_the_password(shop, jimmy, enter, rows):
    refused = delete(shop, enter()["token"], "54321")

    assert (refused.status_code, refused.json_body["Code"]) == (401, "InvalidCredentials")
    assert jimmy in [row["userId"] for row in rows()]


def test_a_repeated_deletion_deletes_nothing_more(shop, jimmy, enter, rows):
    tokens = enter()
    delete(shop, tokens["token"])
    shop.post("/user/register", JIMMY)

    refused = delete(shop, tokens["token"])

    assert (refused.status_code, refused.json_body["Code"]) == (401, "SessionEnded")
    assert shop.post("/user/login", LOGIN).status_code == 200


def test_a_change_that_a_deletion_overtakes_finds_the_session_ended(
    shop, jimmy, enter, rows, meanwhile
):
    here, there = enter(), enter()
    meanwhile(lambda: delete(shop, there["token"]), "update_item", "Users")

    refused = edit(shop, here["token"], {"name": "James"})

    assert (refused.status_code, refused.json_body["Code"]) == (401, "SessionEnded")
    assert [row.keys() for row in rows()] == [{"userId", "deletedAt"}]


def test_the_address_is_free_again_and_the_id_is_not(shop, enter, rows):
    key = {"Idempotency-Key": "k-1"}
    first = shop.post("/user/register", JIMMY, headers=key).json_body["userId"]
    delete(shop, enter()["token"])

    late = shop.post("/user/register", JIMMY, headers=key)
    assert (late.status_code, late.json_body["Code"]) == (422, "IdempotencyKeyReused")
    again = shop.post("/user/register", JIMMY)
    assert again.status_code == 201
    assert first not in [row["userId"] for row in rows()]


def test_a_mail_that_waited_goes_to_nobody_after_a_deletion(shop, jimmy, enter, post_office):
    shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})
    delete(shop, enter()["token"])
    post_office.deliver()

    assert post_office.sent() == []


def test_a_deletion_that_dies_halfway_has_erased_the_person_and_is_finished_later(
    shop, jimmy, enter, rows, bus, monkeypatch
):
    tokens = enter()
    with monkeypatch.context() as trouble:

        def refused(*_, **__):
            raise ClientError(
                {"Error": {"Code": "InternalServerError", "Message": "down"}}, "Query"
            )

        trouble.setattr(DynamoDBBackend, "query", refused)
        assert delete(shop, tokens["token"]).status_code == 500

    assert [row.keys() for row in rows()] == [{"userId", "deletedAt"}]
    assert shop.post("/user/refresh", {"refreshToken": tokens["refreshToken"]}).status_code == 401
    assert rows("Sessions") != []

    come(shop, [{"userId": jimmy, "due": 0}])

    assert rows("Sessions") == rows("AccountMails") == []
    assert [event["detail"]["userId"] for event in bus.events("AccountDeleted")] == [jimmy]


@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_a_body_larger_than_64_kilobytes_is_refused(shop, jimmy, log_in, size):
    wanted = json.dumps({"name": "James", "more": "x" * size})

    refused = edit(shop, log_in(), wanted)

    assert (refused.status_code, refused.json_body["Code"]) == (413, "BodyTooLarge")
