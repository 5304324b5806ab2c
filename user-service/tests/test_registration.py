import json
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from actors import JIMMY
from moto.dynamodb.exceptions import TransactionCanceledException
from moto.dynamodb.models import DynamoDBBackend

from common import aws

CONFIRM = "Confirm your address"


def register(shop, key=None, **changes):
    headers = {"Idempotency-Key": key} if key else None
    return shop.post("/user/register", {**JIMMY, **changes}, headers=headers)


def accounts(rows):
    return [row for row in rows() if row["userId"].startswith("USER#")]


def test_the_registration_of_the_requirements_works(shop, rows):
    answer = shop.post(
        "/user/register", {"email": "jimmy@example.com", "password": "12345", "name": "Jimmy"}
    )

    assert answer.status_code == 201
    assert answer.json_body.keys() == {"message", "userId"}
    assert answer.json_body["message"] == "User registered successfully"
    (account,) = accounts(rows)
    assert account["userId"] == answer.json_body["userId"]
    assert (account["email"], account["name"], account["role"]) == (
        "jimmy@example.com",
        "Jimmy",
        "customer",
    )
    assert account["createdAt"].endswith("Z")


def test_a_user_id_in_the_body_is_ignored(shop):
    body = {"userId": "U101", "name": "Jimmy", "email": "jimmy@example.com", "password": "test123"}

    answer = shop.post("/user/register", body)

    assert (answer.status_code, answer.json_body["message"]) == (
        201,
        "User registered successfully",
    )
    assert answer.json_body["userId"].startswith("USER#")
    assert "U101" not in answer.json_body["userId"]


def test_a_role_in_the_body_makes_nobody_an_admin(shop, rows):
    assert register(shop, role="admin", isAdmin=True).status_code == 201
    assert accounts(rows)[0]["role"] == "customer"


def test_the_password_is_stored_as_a_bcrypt_hash_of_the_stages_cost(shop, rows, monkeypatch):
    monkeypatch.setenv("BCRYPT_ROUNDS", "11")
    register(shop, password="correct horse")

    assert accounts(rows)[0]["passwordHash"].startswith("$2b$11$")
    assert "correct horse" not in json.dumps(rows(), default=str)


def test_equal_passwords_have_different_hashes(shop, rows):
    register(shop)
    register(shop, email="jane@example.com")

    assert len({account["passwordHash"] for account in accounts(rows)}) == 2


@pytest.mark.parametrize(
    "email", ["jimmy@example.com", "JIMMY@Example.COM", "  Jimmy@example.com\t"]
)
def test_an_address_belongs_to_one_account_in_any_spelling(shop, rows, email):
    register(shop)

    register(shop, email=email, name="Somebody else", password="another")

    login = {"email": email, "password": "another"}
    assert shop.post("/user/login", login).status_code == 401
    assert [account["name"] for account in accounts(rows)] == ["Jimmy"]


def test_concurrent_registrations_of_one_address_open_one_account(shop, rows, mailer):
    spellings = ["jimmy@example.com", "Jimmy@Example.com"] * 6

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda email: register(shop, email=email), spellings))

    assert {answer.status_code for answer in answers} == {201}
    (winner,) = accounts(rows)
    assert winner["userId"] in {answer.json_body["userId"] for answer in answers}
    assert len(rows()) == 2
    assert mailer.token(CONFIRM).startswith(winner["userId"].removeprefix("USER#"))
    assert len(mailer.sent(CONFIRM)) == 1


def test_concurrent_registrations_of_different_addresses_all_succeed(shop, rows):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: register(shop, email=f"c{n}@example.com"), range(16)))

    assert {answer.status_code for answer in answers} == {201}
    assert len(accounts(rows)) == 16


def test_a_contended_registration_can_be_repeated(shop, rows, monkeypatch):
    def conflict(*_):
        raise TransactionCanceledException(
            [("TransactionConflict", "Transaction is ongoing", None)] * 2
        )

    with monkeypatch.context() as contention:
        contention.setattr(DynamoDBBackend, "transact_write_items", conflict)
        contention.setattr(time, "sleep", lambda _: None)
        rejected = register(shop)
    assert (rejected.status_code, rejected.json_body["Code"]) == (503, "AddressContended")
    assert rows() == []

    assert register(shop).status_code == 201


def test_a_repeat_with_its_key_returns_the_same_user(shop, rows, mailer):
    first = register(shop, key="k-1", phone="+14155550123")
    again = register(shop, key="k-1", phone="+14155550123")

    assert (again.status_code, again.json_body) == (201, first.json_body)
    assert len(accounts(rows)) == 1
    mailer.deliver()
    assert len(mailer.sent(CONFIRM)) == 1


def test_concurrent_repeats_with_a_key_return_the_same_user(shop, rows):
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: register(shop, key="k-1"), range(8)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json_body["userId"] for answer in answers}) == 1
    assert len(accounts(rows)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"password": "54321"},
        {"name": "Jim"},
        {"phone": "+14155550124"},
        {"email": "Jimmy@example.com"},
    ],
)
def test_an_idempotency_key_with_another_body_is_rejected(shop, change):
    register(shop, key="k-1")

    rejected = register(shop, key="k-1", **change)

    assert (rejected.status_code, rejected.json_body["Code"]) == (422, "IdempotencyKeyReused")


def test_another_key_opens_no_account_with_a_taken_address(shop, rows):
    register(shop, key="k-1")

    register(shop, key="k-2", password="another")
    register(shop, password="another")

    assert len(accounts(rows)) == 1
    assert (
        shop.post("/user/login", {"email": JIMMY["email"], "password": "another"}).status_code
        == 401
    )


def test_an_idempotency_key_counts_for_one_address(shop, rows):
    assert register(shop, key="1").status_code == 201
    assert register(shop, key="1", email="jane@example.com").status_code == 201
    assert len(accounts(rows)) == 2


def test_a_malformed_idempotency_key_is_rejected(shop, rows, subtests):
    for key in (" ", "a b", "k" * 129, "ключ"):
        with subtests.test(key=key):
            rejected = shop.post("/user/register", JIMMY, headers={"Idempotency-Key": key})
            assert (rejected.status_code, rejected.json_body["Code"]) == (
                400,
                "InvalidIdempotencyKey",
            )
    assert rows() == []


def test_a_password_of_at_most_72_bytes_is_accepted_unchanged(shop, subtests):
    for number, password in enumerate(("x" * 72, "é" * 36, "пароль", "a\0bcd", "     ")):
        with subtests.test(password=password):
            login = {"email": f"jimmy{number}@example.com", "password": password}
            assert register(shop, **login).status_code == 201

            assert shop.post("/user/login", login).status_code == 200
            assert (
                shop.post("/user/login", {**login, "password": password + "x"}).status_code == 401
            )
            assert (
                shop.post("/user/login", {**login, "password": password[:-1] + "?"}).status_code
                == 401
            )


def test_a_password_longer_than_bcrypt_reads_is_rejected(shop, rows, subtests):
    for password in ("x" * 73, "é" * 37, "x" * 60_000):
        with subtests.test(length=len(password)):
            rejected = register(shop, password=password)
            assert (rejected.status_code, rejected.json_body["Code"]) == (400, "PasswordTooLong")
    assert rows() == []


def test_a_password_shorter_than_the_stage_requires_is_rejected(shop, rows, subtests):
    for password in ("", "1234", "éééé"):
        with subtests.test(password=password):
            rejected = register(shop, password=password)
            assert (rejected.status_code, rejected.json_body["Code"]) == (400, "PasswordTooShort")
            assert "at least 5" in rejected.json_body["Message"]
    assert rows() == []


def test_production_requires_twelve_characters_and_costly_hashes(shop, service, monkeypatch):
    config = json.loads((service / ".chalice/config.json").read_text())
    prod = {**config["environment_variables"], **config["stages"]["prod"]["environment_variables"]}
    assert prod["BCRYPT_ROUNDS"] == "12"
    monkeypatch.setenv("PASSWORD_MIN_LENGTH", prod["PASSWORD_MIN_LENGTH"])

    assert register(shop, password="x" * 11).json_body["Code"] == "PasswordTooShort"
    assert register(shop, password="x" * 12).status_code == 201


def test_nothing_a_stranger_typed_is_mailed_to_an_unproved_address(shop, notifications, mailer):
    register(shop, name="Win at evil.example", phone="+14155550123")
    shop.post("/user/password/forgotten", {"email": JIMMY["email"]})
    register(shop, name="Win at evil.example")
    mailer.deliver()

    assert len(mailer.sent()) == 3
    assert not [mail for mail in mailer.sent() if "evil" in mail.text + mail.subject]
    assert notifications() == []


def test_a_new_user_is_welcomed_once_the_address_is_proved(shop, notifications, mailer):
    user_id = register(shop).json_body["userId"]
    shop.post("/user/email/verify", {"token": mailer.token(CONFIRM), "password": "12345"})
    mailer.deliver()

    (welcome,) = notifications()
    assert {
        "audience": "customer",
        "userId": user_id,
        "type": "EMAIL",
        "kind": "WELCOME",
    }.items() <= welcome.items()
    assert "account is ready" in welcome["message"]
    assert welcome["subject"]
    assert "12345" not in json.dumps(welcome)


def test_an_account_is_opened_even_if_no_mail_can_be_queued(shop):
    url = aws.client("sqs").get_queue_url(QueueName="user-mail-queue")["QueueUrl"]
    aws.client("sqs").delete_queue(QueueUrl=url)

    assert register(shop).status_code == 201
    assert (
        shop.post("/user/login", {"email": JIMMY["email"], "password": "12345"}).status_code == 200
    )
