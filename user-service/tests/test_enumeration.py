"""Responses and their delays do not reveal who has an account."""

import time

import bcrypt
import botocore.client
import pytest
from actors import JIMMY

from common import aws, clock

REGISTRATION = {"email": "jimmy@example.com", "password": "somebody's", "name": "Somebody"}


def summary(answer):
    return answer.status_code, sorted(answer.json_body), answer.json_body["message"]


def register(shop, **changes):
    key = changes.pop("key", None)
    return shop.post(
        "/user/register",
        {**REGISTRATION, **changes},
        headers={"Idempotency-Key": key} if key else None,
    )


def test_a_registration_is_answered_alike(shop, jimmy):
    taken, free = register(shop), register(shop, email="nobody@example.com")

    assert (
        summary(taken)
        == summary(free)
        == (201, ["message", "userId"], "User registered successfully")
    )
    assert taken.json_body["userId"] not in (jimmy, free.json_body["userId"])


def test_repeated_registrations_are_answered_alike(shop, jimmy):
    for email in ("jimmy@example.com", "nobody@example.com"):
        first = register(shop, email=email, key="k-1")
        assert register(shop, email=email, key="k-1").json_body == first.json_body

        for change in ({"name": "Else"}, {"password": "something else"}, {"phone": "+14155550123"}):
            rejected = register(shop, email=email, key="k-1", **change)
            assert (rejected.status_code, rejected.json_body["Code"]) == (
                422,
                "IdempotencyKeyReused",
            )


@pytest.mark.parametrize(("days", "statuses"), [(29, [422, 201]), (31, [201, 422])])
def test_late_repeats_of_a_registration_are_answered_alike(
    shop, jimmy, set_clock, rows, days, statuses
):
    """A key counts for 30 days, and then like a new one."""
    for email in ("jimmy@example.com", "nobody@example.com"):
        set_clock(0)
        register(shop, email=email, key="k-1")
        set_clock(days * 86400)
        delete_expired(rows)

        answers = [register(shop, email=email, key="k-1", **body) for body in ({"name": "E"}, {})]

        assert [answer.status_code for answer in answers] == statuses


def test_digests_of_passwords_end_after_thirty_days_or_with_the_account(
    shop, jimmy, access_token, rows, set_clock
):
    set_clock(0)
    for key in ("k-1", None):
        register(shop, key=key)
    kept = [row for row in rows("AccountMails") if row.get("passwordHash")]
    assert [row["userId"] for row in kept] == [jimmy]
    assert kept[0]["expiresAt"] <= clock.epoch() + 30 * 86400

    shop.request("DELETE", "/user", {"password": JIMMY["password"]}, access_token(), None)

    assert "passwordHash" not in str(rows("AccountMails") + rows("Attempts") + rows())


def delete_expired(rows):
    """Delete expired rows, as DynamoDB does."""
    for row in rows("AccountMails"):
        if row["expiresAt"] < clock.epoch():
            key = {name: {"S": row[name]} for name in ("userId", "kind")}
            aws.client("dynamodb").delete_item(TableName="AccountMails", Key=key)


def test_a_key_of_a_deleted_account_is_rejected_with_a_taken_address(shop, access_token):
    register(shop, key="k-1")
    token = access_token(REGISTRATION["email"], REGISTRATION["password"])
    shop.request("DELETE", "/user", {"password": REGISTRATION["password"]}, token, None)
    register(shop, key="k-2")

    rejected = register(shop, key="k-1")

    assert (rejected.status_code, rejected.json_body["Code"]) == (422, "IdempotencyKeyReused")


def test_the_owner_of_a_taken_address_is_mailed_once(shop, jimmy, mailer):
    mailer.deliver()
    register(shop)
    register(shop, name="https://evil.example")
    mailer.deliver(times=2)

    (mail,) = mailer.sent("You have an account already")
    assert mail.to == "jimmy@example.com"
    assert "evil" not in mail.text


@pytest.mark.parametrize("verified", [False, True])
def test_the_owner_of_a_taken_unverified_address_learns_how_to_log_in(
    shop, jimmy, mailer, verified
):
    if verified:
        shop.post(
            "/user/email/verify",
            {"token": mailer.token("Confirm your address"), "password": "12345"},
        )
    register(shop)
    mailer.deliver()

    (mail,) = mailer.sent("You have an account already")
    assert ("never confirmed" in mail.text) is not verified
    assert "/password/forgotten" in mail.text
    assert "#token=" not in mail.text


def test_a_password_reset_verifies_the_address(shop, jimmy, mailer, monkeypatch):
    monkeypatch.setenv("LOGIN_NEEDS_VERIFIED_EMAIL", "1")
    shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})
    token = mailer.token("Choose a new password")
    shop.post("/user/password/reset", {"token": token, "newPassword": "a better password"})

    assert (
        shop.post(
            "/user/login", {"email": "jimmy@example.com", "password": "a better password"}
        ).status_code
        == 200
    )


def test_a_password_reset_request_is_answered_alike(shop, jimmy):
    known = shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})
    unknown = shop.post("/user/password/forgotten", {"email": "nobody@example.com"})

    assert (known.status_code, known.json_body) == (unknown.status_code, unknown.json_body)
    assert known.status_code == 202


def test_a_password_reset_request_reads_no_account(shop, jimmy, rows, table_reads):
    table_reads.clear()
    shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})

    assert set(table_reads) <= {"Attempts"}


def test_with_required_verification_a_login_reveals_no_account(shop, jimmy, monkeypatch):
    monkeypatch.setenv("LOGIN_NEEDS_VERIFIED_EMAIL", "1")
    answers = []
    for email in ("jimmy@example.com", "nobody@example.com"):
        register(shop, email=email)
        answers.append(
            shop.post("/user/login", {"email": email, "password": REGISTRATION["password"]})
        )

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json_body == answers[1].json_body


def test_with_required_verification_a_verified_user_logs_in(shop, jimmy, mailer, monkeypatch):
    monkeypatch.setenv("LOGIN_NEEDS_VERIFIED_EMAIL", "1")
    shop.post(
        "/user/email/verify", {"token": mailer.token("Confirm your address"), "password": "12345"}
    )

    assert (
        shop.post("/user/login", {key: JIMMY[key] for key in ("email", "password")}).status_code
        == 200
    )


REQUESTS = {
    "login": ("/user/login", {"password": "wrong password"}),
    "registration": ("/user/register", {"password": "somebody's", "name": "Somebody"}),
    "forgotten password": ("/user/password/forgotten", {}),
}
ROUNDS = 14
# How often, of all pairs, the known address is faster: 0.5 if both take equally long, give or take
# 0.1 (the standard deviation of Mann and Whitney's U for so many); 0 or 1 if only one costs a hash.
EQUAL_RANGE = (0.1, 0.9)


@pytest.fixture
def work(monkeypatch):
    """The calls to AWS and the hashes, in order."""
    operations, call = [], botocore.client.BaseClient._make_api_call

    def record(client, operation, arguments):
        operations.append(operation)
        return call(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", record)
    for name in ("hashpw", "checkpw"):
        real = getattr(bcrypt, name)
        monkeypatch.setattr(
            bcrypt,
            name,
            lambda *given, real=real, name=name: (operations.append(name), real(*given))[1],
        )
    return operations


@pytest.mark.parametrize("name", REQUESTS)
def test_known_and_unknown_addresses_cost_the_same_work(shop, jimmy, set_source_ip, work, name):
    path, body = REQUESTS[name]
    shop.post(path, {**body, "email": "warm@example.com"})  # fills caches
    operations = []
    for number, email in enumerate(("jimmy@example.com", "nobody@example.com")):
        set_source_ip(f"10.0.0.{number}")
        work.clear()
        shop.post(path, {**body, "email": email})
        operations.append(list(work))

    assert operations[0] == operations[1]
    assert len(operations[0]) > 1


def test_repeated_registrations_cost_the_same_work(shop, jimmy, work):
    register(shop, email="warm@example.com")
    operations = []
    for email in ("jimmy@example.com", "nobody@example.com"):
        for change in ({}, {}, {"name": "Else"}):
            work.clear()
            register(shop, email=email, key="k-1", **change)
            operations.append(list(work))

    assert operations[:3] == operations[3:]
    assert "TransactWriteItems" in operations[0]
    assert "TransactWriteItems" not in operations[1] + operations[2]


@pytest.mark.parametrize("name", REQUESTS)
def test_known_and_unknown_addresses_take_equally_long(shop, set_source_ip, monkeypatch, name):
    """Known and unknown addresses take turns, each request from a source of its own."""
    path, body = REQUESTS[name]
    monkeypatch.setenv("BCRYPT_ROUNDS", "9")  # a hash takes longer than all the rest
    for number in range(ROUNDS):
        shop.post("/user/register", {**JIMMY, "email": f"known{number}@example.com"})

    def measure_delay(who, number):
        set_source_ip(f"10.{len(who)}.0.{number}")
        return measure_seconds(
            lambda: shop.post(path, {**body, "email": f"{who}{number}@example.com"})
        )

    delays = [
        (measure_delay("known", number), measure_delay("stranger", number))
        for number in range(ROUNDS)
    ]
    known, unknown = zip(*delays, strict=True)
    faster = sum(one < other for one in known for other in unknown) / ROUNDS**2

    assert EQUAL_RANGE[0] < faster < EQUAL_RANGE[1]


def measure_seconds(act):
    started = time.perf_counter()
    act()
    return time.perf_counter() - started
