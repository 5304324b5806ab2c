"""A customer reads, changes, exports and deletes their own account."""

import json

import pytest
from actors import JIMMY, LOGIN
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend

from common import aws, clock, queues


def patch_profile(shop, token, changes):
    return shop.patch("/user/profile", changes, token=token)


def delete_account(shop, token, password="12345"):
    return shop.request("DELETE", "/user", {"password": password}, token, None)


def test_a_customer_changes_name_and_phone(shop, jimmy, access_token):
    answer = patch_profile(shop, access_token(), {"name": " James ", "phone": "+14155550123"})

    assert answer.status_code == 200
    for seen in (answer, shop.get("/user/profile", token=access_token())):
        assert (seen.json_body["name"], seen.json_body["phone"]) == ("James", "+14155550123")


def test_absent_fields_stay_and_a_phone_can_be_removed(shop, jimmy, access_token):
    patch_profile(shop, access_token(), {"phone": "+14155550123"})
    assert (
        patch_profile(shop, access_token(), {"name": "James"}).json_body["phone"] == "+14155550123"
    )

    assert "phone" not in patch_profile(shop, access_token(), {"phone": None}).json_body
    assert patch_profile(shop, access_token(), {}).json_body["name"] == "James"


def test_role_address_and_id_cannot_be_changed(shop, jimmy, access_token, rows):
    patch_profile(
        shop,
        access_token(),
        {"role": "admin", "email": "a@example.com", "userId": "USER#1", "emailVerified": True},
    )

    (account,) = (row for row in rows() if row["userId"] == jimmy)
    assert (account["role"], account["email"]) == ("customer", "jimmy@example.com")
    assert "emailVerifiedAt" not in account


def test_an_invalid_field_of_an_update_is_rejected_by_name(shop, jimmy, access_token, subtests):
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
            rejected = patch_profile(shop, access_token(), {field: value})
            assert (rejected.status_code, rejected.json_body["Code"]) == (400, "InvalidBody")
            assert rejected.json_body["Message"].startswith(f"{field}: ")


def test_an_export_contains_all_that_is_stored_of_the_caller(shop, jimmy, log_in, mailer):
    tokens = log_in()
    mailer.deliver()
    patch_profile(shop, tokens["token"], {"phone": "+14155550123"})

    export = shop.get("/user/export", token=tokens["token"]).json_body

    assert {
        "userId": jimmy,
        "email": "jimmy@example.com",
        "phone": "+14155550123",
    }.items() <= export["profile"].items()
    (session,) = export["sessions"]
    assert session["createdAt"].endswith("Z")
    assert "passwordSetAt" not in session
    assert [mail["kind"] for mail in export["mails"]] == ["EMAIL_VERIFICATION"]
    assert "Hash" not in json.dumps(export)


def test_an_export_shows_which_session_changed_the_password(shop, jimmy, log_in):
    here = log_in()
    change = {"password": "12345", "newPassword": "a better password"}
    shop.post("/user/password", change, token=here["token"])

    (session,) = shop.get("/user/export", token=here["token"]).json_body["sessions"]

    assert session["passwordSetAt"].endswith("Z")


def test_a_deletion_erases_all_personal_data(shop, jimmy, log_in, rows, mailer):
    tokens = log_in()
    log_in()
    mailer.deliver()

    answer = delete_account(shop, tokens["token"])

    assert (answer.status_code, answer.json_body) == (200, {"message": "Account deleted"})
    left = rows() + rows("Sessions") + rows("AccountMails")
    assert [row.keys() for row in left] == [{"userId", "deletedAt"}]
    assert "jimmy" not in json.dumps(left + rows("Attempts"), default=str)
    assert shop.post("/user/login", LOGIN).status_code == 401
    assert shop.post("/user/refresh", {"refreshToken": tokens["refreshToken"]}).status_code == 401
    assert shop.get("/user/profile", token=tokens["token"]).status_code == 401


def deliver(shop, messages):
    for message in messages:
        shop.sqs("on-account-deletion", [message])


def delayed_messages(name):
    """Return how many messages of the queue are delayed."""
    request = {"QueueUrl": queues.url(name), "AttributeNames": ["All"]}
    return int(
        aws.client("sqs").get_queue_attributes(**request)["Attributes"][
            "ApproximateNumberOfMessagesDelayed"
        ]
    )


def test_a_deletion_is_announced_once_no_access_token_is_valid(
    shop, jimmy, log_in, bus, monkeypatch
):
    monkeypatch.setenv("ERASURE_DELAY_SECONDS", "1020")
    delete_account(shop, log_in()["token"])
    assert delayed_messages("account-deletion-queue") == 1

    deliver(shop, [{"userId": jimmy, "due": clock.epoch() + 120}])
    assert delayed_messages("account-deletion-queue") == 2
    assert bus.events("AccountDeleted") == []

    deliver(shop, [{"userId": jimmy, "due": clock.epoch()}] * 2)

    details = [event["detail"] for event in bus.events("AccountDeleted")]
    assert {(detail["userId"], detail["eventId"]) for detail in details} == {
        (jimmy, details[0]["eventId"])
    }


def test_a_failed_deletion_is_not_announced(shop, jimmy, log_in, bus):
    deliver(shop, [{"userId": jimmy, "due": 0}])

    assert bus.events("AccountDeleted") == []
    assert shop.post("/user/login", LOGIN).status_code == 200


def test_a_deletion_needs_the_password(shop, jimmy, log_in, rows):
    rejected = delete_account(shop, log_in()["token"], "54321")

    assert (rejected.status_code, rejected.json_body["Code"]) == (401, "InvalidCredentials")
    assert jimmy in [row["userId"] for row in rows()]


def test_a_repeated_deletion_deletes_nothing_more(shop, jimmy, log_in, rows):
    tokens = log_in()
    delete_account(shop, tokens["token"])
    shop.post("/user/register", JIMMY)

    rejected = delete_account(shop, tokens["token"])

    assert (rejected.status_code, rejected.json_body["Code"]) == (401, "SessionEnded")
    assert shop.post("/user/login", LOGIN).status_code == 200


def test_an_update_after_a_concurrent_deletion_finds_the_session_ended(
    shop, jimmy, log_in, rows, before_next_write
):
    here, there = log_in(), log_in()
    before_next_write(lambda: delete_account(shop, there["token"]), "update_item", "Users")

    rejected = patch_profile(shop, here["token"], {"name": "James"})

    assert (rejected.status_code, rejected.json_body["Code"]) == (401, "SessionEnded")
    assert [row.keys() for row in rows()] == [{"userId", "deletedAt"}]


def test_a_deletion_frees_the_address_and_not_the_id(shop, log_in, rows):
    key = {"Idempotency-Key": "k-1"}
    first = shop.post("/user/register", JIMMY, headers=key).json_body["userId"]
    delete_account(shop, log_in()["token"])

    late = shop.post("/user/register", JIMMY, headers=key)
    assert (late.status_code, late.json_body["Code"]) == (422, "IdempotencyKeyReused")
    again = shop.post("/user/register", JIMMY)
    assert again.status_code == 201
    assert first not in [row["userId"] for row in rows()]


def test_a_queued_mail_is_not_sent_after_a_deletion(shop, jimmy, log_in, mailer):
    shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})
    delete_account(shop, log_in()["token"])
    mailer.deliver()

    assert mailer.sent() == []


def test_a_deletion_that_crashes_halfway_is_finished_later(
    shop, jimmy, log_in, rows, bus, monkeypatch
):
    tokens = log_in()
    with monkeypatch.context() as outage:

        def fail(*_, **__):
            raise ClientError(
                {"Error": {"Code": "InternalServerError", "Message": "down"}}, "Query"
            )

        outage.setattr(DynamoDBBackend, "query", fail)
        assert delete_account(shop, tokens["token"]).status_code == 500

    assert [row.keys() for row in rows()] == [{"userId", "deletedAt"}]
    assert shop.post("/user/refresh", {"refreshToken": tokens["refreshToken"]}).status_code == 401
    assert rows("Sessions") != []

    deliver(shop, [{"userId": jimmy, "due": 0}])

    assert rows("Sessions") == rows("AccountMails") == []
    assert [event["detail"]["userId"] for event in bus.events("AccountDeleted")] == [jimmy]


@pytest.mark.parametrize("size", [65_537, 1_000_000])
def test_a_body_larger_than_64_kilobytes_is_rejected(shop, jimmy, access_token, size):
    body = json.dumps({"name": "James", "more": "x" * size})

    rejected = patch_profile(shop, access_token(), body)

    assert (rejected.status_code, rejected.json_body["Code"]) == (413, "BodyTooLarge")
