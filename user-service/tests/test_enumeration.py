"""Answers, and how long they take, are the same for an address that has an account and one that has none."""

import time

import bcrypt
import botocore.client
import pytest
from conftest import JIMMY

from common import aws, clock

REGISTRATION = {"email": "jimmy@example.com", "password": "somebody's", "name": "Somebody"}


def like(answer):
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

    assert like(taken) == like(free) == (201, ["message", "userId"], "User registered successfully")
    assert taken.json_body["userId"] not in (jimmy, free.json_body["userId"])


def test_repeats_with_a_key_are_answered_alike(shop, jimmy):
    for email in ("jimmy@example.com", "nobody@example.com"):
        first = register(shop, email=email, key="k-1")
        assert register(shop, email=email, key="k-1").json_body == first.json_body

        for change in ({"name": "Else"}, {"password": "something else"}, {"phone": "+14155550123"}):
            refused = register(shop, email=email, key="k-1", **change)
            assert (refused.status_code, refused.json_body["Code"]) == (422, "IdempotencyKeyReused")


def test_repeats_with_a_key_are_answered_alike_however_late(shop, jimmy, travel, rows):
    answers = []
    for email in ("jimmy@example.com", "nobody@example.com"):
        travel(0)
        first = register(shop, email=email, key="k-1")
        travel(400 * 86400)
        expire(rows)
        other, again = (
            register(shop, email=email, key="k-1", **body) for body in ({"name": "Else"}, {})
        )
        answers.append((other.status_code, again.json_body == first.json_body))

    assert answers == [(422, True)] * 2


def expire(rows):
    """DynamoDB deletes what has expired in the year that passed."""
    for row in rows("Attempts"):
        if row["expiresAt"] < clock.epoch():
            aws.client("dynamodb").delete_item(TableName="Attempts", Key={"key": {"S": row["key"]}})


def test_a_key_whose_account_was_deleted_says_so_also_while_somebody_else_has_the_address(
    shop, log_in
):
    register(shop, key="k-1")
    token = log_in(REGISTRATION["email"], REGISTRATION["password"])
    shop.request("DELETE", "/user", {"password": REGISTRATION["password"]}, token, None)
    register(shop, key="k-2")

    refused = register(shop, key="k-1")

    assert (refused.status_code, refused.json_body["Code"]) == (422, "IdempotencyKeyReused")


def test_the_mail_tells_the_owner_what_the_answer_does_not_say(shop, jimmy, post_office):
    post_office.deliver()
    register(shop)
    register(shop, name="https://evil.example")
    post_office.deliver(times=2)

    (mail,) = post_office.sent("You have an account already")
    assert mail.destinations["ToAddresses"] == ["jimmy@example.com"]
    assert "evil" not in mail.body


@pytest.mark.parametrize("proved", [False, True])
def test_the_mail_tells_the_owner_of_an_unproved_address_how_to_get_in(
    shop, jimmy, post_office, proved
):
    if proved:
        shop.post("/user/email/verify", {"token": post_office.token("Confirm your address")})
    register(shop)
    post_office.deliver()

    (mail,) = post_office.sent("You have an account already")
    assert ("never confirmed" in mail.body) is not proved
    assert "/password/forgotten" in mail.body
    assert "#token=" not in mail.body


def test_who_lost_the_mail_that_proves_an_address_gets_in_by_a_new_password(
    shop, jimmy, post_office, monkeypatch
):
    monkeypatch.setenv("LOGIN_NEEDS_VERIFIED_EMAIL", "1")
    shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})
    token = post_office.token("Choose a new password")
    shop.post("/user/password/reset", {"token": token, "newPassword": "a better password"})

    assert (
        shop.post(
            "/user/login", {"email": "jimmy@example.com", "password": "a better password"}
        ).status_code
        == 200
    )


def test_a_forgotten_password_is_answered_alike(shop, jimmy):
    known = shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})
    unknown = shop.post("/user/password/forgotten", {"email": "nobody@example.com"})

    assert (known.status_code, known.json_body) == (unknown.status_code, unknown.json_body)
    assert known.status_code == 202


def test_asking_for_a_new_password_looks_nobody_up(shop, jimmy, rows, reading):
    reading.clear()
    shop.post("/user/password/forgotten", {"email": "jimmy@example.com"})

    assert set(reading) <= {"Attempts"}


def test_where_addresses_must_be_proved_a_login_after_a_registration_tells_nothing(
    shop, jimmy, monkeypatch
):
    monkeypatch.setenv("LOGIN_NEEDS_VERIFIED_EMAIL", "1")
    answers = []
    for email in ("jimmy@example.com", "nobody@example.com"):
        register(shop, email=email)
        answers.append(
            shop.post("/user/login", {"email": email, "password": REGISTRATION["password"]})
        )

    assert [answer.status_code for answer in answers] == [401, 401]
    assert answers[0].json_body == answers[1].json_body


def test_who_has_proved_their_address_logs_in_where_that_must_be(
    shop, jimmy, post_office, monkeypatch
):
    monkeypatch.setenv("LOGIN_NEEDS_VERIFIED_EMAIL", "1")
    shop.post("/user/email/verify", {"token": post_office.token("Confirm your address")})

    assert (
        shop.post("/user/login", {key: JIMMY[key] for key in ("email", "password")}).status_code
        == 200
    )


WAYS = {
    "login": ("/user/login", {"password": "wrong password"}),
    "registration": ("/user/register", {"password": "somebody's", "name": "Somebody"}),
    "forgotten password": ("/user/password/forgotten", {}),
}
ROUNDS = 14
# How often of all pairs the known address is faster: half the time if both are alike, give or take 0.1 (the standard deviation of
# Mann and Whitney's U for so many); 0 or 1 if only one of them costs a hash.
ALIKE = (0.1, 0.9)


@pytest.fixture
def work(monkeypatch):
    """What the service does that takes time: calls to AWS, and hashes."""
    done, call = [], botocore.client.BaseClient._make_api_call

    def watched(client, operation, arguments):
        done.append(operation)
        return call(client, operation, arguments)

    monkeypatch.setattr(botocore.client.BaseClient, "_make_api_call", watched)
    for name in ("hashpw", "checkpw"):
        real = getattr(bcrypt, name)
        monkeypatch.setattr(
            bcrypt, name, lambda *given, real=real, name=name: (done.append(name), real(*given))[1]
        )
    return done


@pytest.mark.parametrize("way", WAYS)
def test_the_work_is_the_same(shop, jimmy, come_from, work, way):
    path, body = WAYS[way]
    shop.post(path, {**body, "email": "warm@example.com"})  # what is looked up once and kept
    done = []
    for number, email in enumerate(("jimmy@example.com", "nobody@example.com")):
        come_from(f"10.0.0.{number}")
        work.clear()
        shop.post(path, {**body, "email": email})
        done.append(list(work))

    assert done[0] == done[1]
    assert len(done[0]) > 1


def test_the_work_is_the_same_for_a_registration_with_a_key_and_for_each_repeat_of_it(
    shop, jimmy, work
):
    register(shop, email="warm@example.com")
    done = []
    for email in ("jimmy@example.com", "nobody@example.com"):
        for change in ({}, {}, {"name": "Else"}):
            work.clear()
            register(shop, email=email, key="k-1", **change)
            done.append(list(work))

    assert done[:3] == done[3:]
    assert "TransactWriteItems" in done[0]
    assert "TransactWriteItems" not in done[1] + done[2]


@pytest.mark.parametrize("way", WAYS)
def test_the_delays_are_distributed_alike(shop, come_from, monkeypatch, way):
    """Known and unknown addresses by turns, each try from a source of its own."""
    path, body = WAYS[way]
    monkeypatch.setenv("BCRYPT_ROUNDS", "9")  # so a hash takes longer than all the rest
    for number in range(ROUNDS):
        shop.post("/user/register", {**JIMMY, "email": f"known{number}@example.com"})

    def delay(who, number):
        come_from(f"10.{len(who)}.0.{number}")
        return seconds(lambda: shop.post(path, {**body, "email": f"{who}{number}@example.com"}))

    delays = [(delay("known", number), delay("stranger", number)) for number in range(ROUNDS)]
    known, unknown = zip(*delays, strict=True)
    faster = sum(one < other for one in known for other in unknown) / ROUNDS**2

    assert ALIKE[0] < faster < ALIKE[1]


def seconds(act):
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun
