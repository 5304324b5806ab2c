"""Only the owner of an address keeps or gets an account with it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from actors import JIMMY, LOGIN
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend

STRANGER = {**JIMMY, "name": "A Stranger", "phone": "+14155550123"}
OWNERS = "a password of the owner"
VERIFY, RESET = "Confirm your address", "Choose a new password"
DAY = 86400


@pytest.fixture
def strangers(shop, log_in):
    """The session of a stranger who registered Jimmy's address."""
    shop.post("/user/register", STRANGER)
    return log_in()


def prove(shop, mailer, subject, password=OWNERS):
    """Use the link in the last mail of this subject, as the owner of the address."""
    if subject == RESET:
        shop.post("/user/password/forgotten", {"email": JIMMY["email"]})
        body = {"token": mailer.token(RESET), "newPassword": password}
        return lambda: shop.post("/user/password/reset", body)
    body = {"token": mailer.token(VERIFY), "password": password}
    return lambda: shop.post("/user/email/verify", body)


def profile(shop, tokens):
    return shop.get("/user/profile", token=tokens["token"])


@pytest.mark.parametrize("subject", [VERIFY, RESET])
def test_the_first_proof_leaves_nothing_of_a_stranger(
    shop, strangers, log_in, mailer, rows, subject
):
    assert prove(shop, mailer, subject)().status_code == 200

    own = log_in(password=OWNERS)
    assert own["userId"] != strangers["userId"]
    shown = profile(shop, own).json_body
    assert (shown["name"], shown["emailVerified"], "phone" in shown) == ("", True, False)
    assert shop.post("/user/login", LOGIN).status_code == 401
    assert profile(shop, strangers).status_code == 401
    refresh = {"refreshToken": strangers["refreshToken"]}
    assert shop.post("/user/refresh", refresh).status_code == 401
    left = rows() + rows("Sessions") + rows("AccountMails")
    assert "Stranger" not in str(left)
    assert {row["userId"] for row in left if strangers["userId"] in row["userId"]} == set()


@pytest.mark.parametrize("subject", [VERIFY, RESET])
def test_what_the_stranger_put_elsewhere_is_erased_like_a_deleted_account(
    shop, strangers, mailer, bus, subject
):
    prove(shop, mailer, subject)()

    shop.sqs("on-account-deletion", [{"userId": strangers["userId"], "due": 0}])

    (event,) = bus.events("AccountDeleted")
    assert event["detail"]["userId"] == strangers["userId"]


@pytest.mark.parametrize("subject", [VERIFY, RESET])
def test_a_proof_can_be_repeated_with_its_password_only(shop, strangers, mailer, rows, subject):
    use_link = prove(shop, mailer, subject)

    with ThreadPoolExecutor(4) as pool:
        statuses = [answer.status_code for answer in pool.map(lambda _: use_link(), range(4))]

    assert 200 in statuses
    assert set(statuses) <= {200, 400}
    assert use_link().status_code == 200
    assert len([row for row in rows() if row["userId"].startswith("USER#")]) == 1


@pytest.mark.parametrize("subject", [VERIFY, RESET])
def test_a_used_link_sets_no_other_password(shop, strangers, mailer, subject):
    use_link = prove(shop, mailer, subject)
    use_link()
    token = mailer.sent(subject)[-1].text.partition("#token=")[2].split()[0]

    for path, field in (("email/verify", "password"), ("password/reset", "newPassword")):
        body = {"token": token, field: "yet another password"}
        assert shop.post(f"/user/{path}", body).status_code == 400
    assert shop.post("/user/login", {**LOGIN, "password": OWNERS}).status_code == 200


def test_the_registrant_keeps_the_account_with_its_password(shop, strangers, log_in, mailer):
    assert prove(shop, mailer, VERIFY, JIMMY["password"])().status_code == 200

    shown = profile(shop, strangers).json_body
    assert (shown["userId"], shown["name"]) == (strangers["userId"], "A Stranger")
    assert (shown["phone"], shown["emailVerified"]) == ("+14155550123", True)


def test_a_reset_of_a_proved_account_keeps_it(shop, strangers, log_in, mailer):
    prove(shop, mailer, VERIFY, JIMMY["password"])()

    assert prove(shop, mailer, RESET)().status_code == 200

    own = log_in(password=OWNERS)
    assert (own["userId"], profile(shop, own).json_body["name"]) == (
        strangers["userId"],
        "A Stranger",
    )


def test_an_old_verification_link_changes_no_proved_account(shop, strangers, log_in, mailer):
    token = mailer.token(VERIFY)
    prove(shop, mailer, RESET, JIMMY["password"])()

    rejected = shop.post("/user/email/verify", {"token": token, "password": OWNERS})

    assert (rejected.status_code, rejected.json_body["Code"]) == (400, "InvalidMailToken")
    assert log_in()["userId"] == strangers["userId"]


@pytest.mark.parametrize("name", ["", "A Stranger"])
def test_two_links_used_at_once_prove_the_address_once(
    shop, strangers, log_in, mailer, before_next_write, name
):
    password = JIMMY["password"] if name else "by the other link"
    verify, reset = prove(shop, mailer, VERIFY), prove(shop, mailer, RESET, password)
    before_next_write(reset, "transact_write_items")

    assert verify().status_code == 400
    assert shop.post("/user/login", {**LOGIN, "password": OWNERS}).status_code == 401
    assert profile(shop, log_in(password=password)).json_body["name"] == name


@pytest.mark.parametrize("password", ["1234", "x" * 73])
def test_a_new_password_at_the_first_proof_obeys_the_rules(shop, strangers, mailer, password):
    assert prove(shop, mailer, VERIFY, password)().status_code == 400
    assert prove(shop, mailer, VERIFY)().status_code == 200


def test_a_proof_that_crashes_halfway_is_finished_later(shop, strangers, mailer, rows, monkeypatch):
    use_link = prove(shop, mailer, VERIFY)
    with monkeypatch.context() as outage:

        def fail(*_, **__):
            raise ClientError({"Error": {"Code": "InternalServerError", "Message": ""}}, "Query")

        outage.setattr(DynamoDBBackend, "query", fail)
        assert use_link().status_code == 500
    assert profile(shop, strangers).status_code == 401

    assert use_link().status_code == 200
    shop.sqs("on-account-deletion", [{"userId": strangers["userId"], "due": 0}])

    assert [row for row in rows("Sessions") if row["userId"] == strangers["userId"]] == []


def test_an_unproved_account_ends_after_three_days(
    shop, mailer, log_in, set_clock, monkeypatch, rows
):
    monkeypatch.setenv("UNPROVED_ACCOUNT_SECONDS", str(3 * DAY))
    set_clock(0)
    shop.post("/user/register", JIMMY)
    link, tokens = prove(shop, mailer, VERIFY), log_in()
    set_clock(3 * DAY - 60)
    assert profile(shop, tokens).status_code == 200
    set_clock(3 * DAY + 1)

    assert profile(shop, tokens).status_code == 401
    refresh = {"refreshToken": tokens["refreshToken"]}
    assert shop.post("/user/refresh", refresh).status_code == 401
    assert shop.post("/user/login", LOGIN).status_code == 401
    assert link().status_code == 400
    assert [row["expiresAt"] for row in rows()] == [pytest.approx(rows()[0]["expiresAt"])] * 2
    assert shop.post("/user/register", {**JIMMY, "password": "another"}).status_code == 201
    assert shop.post("/user/login", {**LOGIN, "password": "another"}).status_code == 200


def test_a_session_of_an_ended_account_opens_no_later_one(shop, log_in, set_clock, monkeypatch):
    monkeypatch.setenv("UNPROVED_ACCOUNT_SECONDS", str(3 * DAY))
    key = {"Idempotency-Key": "k-1"}
    set_clock(0)
    first = shop.post("/user/register", JIMMY, headers=key).json_body["userId"]
    tokens = log_in()
    set_clock(3 * DAY + 1)

    assert shop.post("/user/register", JIMMY, headers=key).json_body["userId"] == first
    assert profile(shop, tokens).status_code == 401
    refresh = {"refreshToken": tokens["refreshToken"]}
    assert shop.post("/user/refresh", refresh).status_code == 401


@pytest.mark.parametrize("password", [JIMMY["password"], OWNERS])
def test_a_proved_account_does_not_end(
    shop, jimmy, log_in, mailer, set_clock, monkeypatch, rows, password
):
    monkeypatch.setenv("UNPROVED_ACCOUNT_SECONDS", str(3 * DAY))
    prove(shop, mailer, VERIFY, password)()
    set_clock(400 * DAY)

    assert shop.post("/user/login", {**LOGIN, "password": password}).status_code == 200
    assert not [row for row in rows() if "expiresAt" in row]


@pytest.mark.parametrize("subject", [VERIFY, RESET])
@pytest.mark.parametrize("password", [JIMMY["password"], OWNERS])
def test_a_proof_is_announced_with_the_account_that_has_the_address(
    shop, strangers, log_in, mailer, bus, subject, password
):
    use_link = prove(shop, mailer, subject, password)

    for _ in range(2):  # the second with the same event id
        assert use_link().status_code == 200

    proved = [event["detail"] for event in bus.events("AddressProved")]
    assert {event["userId"] for event in proved} == {log_in(password=password)["userId"]}
    assert len({event["eventId"] for event in proved}) == 1
    assert JIMMY["email"] not in str(proved)


def test_a_registration_announces_no_proof(shop, strangers, bus):
    assert bus.events("AddressProved") == []
