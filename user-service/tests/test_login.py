import bcrypt
import jwt
import pytest

from common import auth, aws

LOGIN = {"email": "jimmy@example.com", "password": "12345"}


@pytest.fixture
def hashing(monkeypatch):
    """The cost of each hash that is computed to check a password."""
    seen, check = [], bcrypt.checkpw

    def watched(password, kept):
        seen.append(kept[:7])
        return check(password, kept)

    monkeypatch.setattr(bcrypt, "checkpw", watched)
    return seen


def test_the_example_of_the_requirements_logs_in(shop, jimmy):
    answer = shop.post("/user/login", {"email": "jimmy@example.com", "password": "12345"})

    assert answer.status_code == 200
    assert answer.json_body.keys() == {"token", "refreshToken", "userId", "message", "expiresIn"}
    assert answer.json_body["userId"] == jimmy
    assert answer.json_body["message"] == "Login successful"
    assert answer.json_body["expiresIn"] == 900


def test_the_second_example_logs_in_too(shop):
    shop.post(
        "/user/register",
        {"userId": "U101", "name": "Jimmy", "email": "j@example.com", "password": "test123"},
    )

    answer = shop.post("/user/login", {"email": "j@example.com", "password": "test123"})

    assert (answer.status_code, answer.json_body["message"]) == (200, "Login successful")


@pytest.mark.parametrize("email", ["JIMMY@EXAMPLE.COM", " jimmy@example.com "])
def test_an_address_logs_in_however_it_is_written(shop, jimmy, email):
    assert shop.post("/user/login", {**LOGIN, "email": email}).json_body["userId"] == jimmy


def test_the_token_says_who_its_bearer_is_and_for_how_long(shop, jimmy, log_in):
    token = log_in()

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "aud", "sub", "email", "role", "sid", "iat", "exp"}
    assert claims["exp"] - claims["iat"] == 900
    assert {
        "iss": "commerce-user-service",
        "aud": "commerce",
        "sub": jimmy,
        "email": "jimmy@example.com",
        "role": "customer",
    }.items() <= claims.items()
    assert jwt.get_unverified_header(token)["alg"] == "EdDSA"
    assert auth.verify(f"Bearer {token}") == claims


def test_the_stage_says_how_long_a_token_lives(shop, jimmy, monkeypatch):
    monkeypatch.setenv("TOKEN_TTL_SECONDS", "60")

    answer = shop.post("/user/login", LOGIN).json_body

    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert (answer["expiresIn"], claims["exp"] - claims["iat"]) == (60, 60)


def test_nobody_can_tell_a_wrong_password_from_an_unknown_address(shop, jimmy):
    wrong = shop.post("/user/login", {**LOGIN, "password": "54321"})
    unknown = shop.post("/user/login", {**LOGIN, "email": "nobody@example.com"})

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert (
        wrong.json_body
        == unknown.json_body
        == {"Code": "InvalidCredentials", "Message": "Invalid credentials"}
    )


def test_an_unknown_address_costs_the_same_hash_and_the_same_reads(shop, jimmy, hashing, reading):
    shop.post(
        "/user/login", {**LOGIN, "email": "somebody@example.com"}
    )  # the source has failed before
    hashing.clear(), reading.clear()
    shop.post("/user/login", {**LOGIN, "password": "54321"})
    known = hashing[:], reading[:]
    hashing.clear(), reading.clear()

    shop.post("/user/login", {**LOGIN, "email": "nobody@example.com"})

    assert (hashing, reading) == known
    assert hashing == [b"$2b$04$"]


def test_a_password_too_long_to_be_anybodys_costs_the_same_hash(shop, jimmy, hashing):
    for email in ("jimmy@example.com", "nobody@example.com"):
        assert shop.post("/user/login", {"email": email, "password": "x" * 1024}).status_code == 401

    assert hashing == [b"$2b$04$"] * 2


def test_no_password_opens_an_account_that_is_not_there(shop):
    for password in (".", "x", "nobody", "." * 53):
        assert (
            shop.post(
                "/user/login", {"email": "nobody@example.com", "password": password}
            ).status_code
            == 401
        )


def test_what_is_no_address_is_nobodys(shop, jimmy, subtests):
    for email in (
        "nobody",
        "EMAIL#jimmy@example.com",
        "USER#1",
        " ",
        "é" * 320,
        "\0",
        "' OR 1=1 --",
    ):
        with subtests.test(email=email):
            assert shop.post("/user/login", {**LOGIN, "email": email}).status_code == 401


def test_before_the_first_signing_key_nobody_gets_a_token(bare_shop):
    bare_shop.post("/user/register", {**LOGIN, "name": "Jimmy"})

    refused = bare_shop.post("/user/login", LOGIN)

    assert refused.status_code == 500
    assert "token" not in refused.json_body


def test_a_running_service_signs_on_while_its_secret_cannot_be_read(shop, jimmy, log_in):
    log_in()
    aws.client("secretsmanager").delete_secret(
        SecretId="commerce/user-service/signing-keys", ForceDeleteWithoutRecovery=True
    )

    assert shop.post("/user/login", LOGIN).status_code == 200
