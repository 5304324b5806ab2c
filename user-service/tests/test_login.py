import bcrypt
import jwt
import pytest
from actors import JIMMY, LOGIN

from common import auth, aws


@pytest.fixture
def checked_hashes(monkeypatch):
    """The prefix, with the cost, of each hash that a password is checked against."""
    seen, check = [], bcrypt.checkpw

    def record(password, stored):
        seen.append(stored[:7])
        return check(password, stored)

    monkeypatch.setattr(bcrypt, "checkpw", record)
    return seen


def test_the_login_of_the_requirements_works(shop, jimmy):
    answer = shop.post("/user/login", {"email": "jimmy@example.com", "password": "12345"})

    assert answer.status_code == 200
    assert answer.json_body.keys() == {"token", "refreshToken", "userId", "message", "expiresIn"}
    assert answer.json_body["userId"] == jimmy
    assert answer.json_body["message"] == "Login successful"
    assert answer.json_body["expiresIn"] == 900


def test_the_second_login_of_the_requirements_works(shop):
    shop.post(
        "/user/register",
        {"userId": "U101", "name": "Jimmy", "email": "j@example.com", "password": "test123"},
    )

    answer = shop.post("/user/login", {"email": "j@example.com", "password": "test123"})

    assert (answer.status_code, answer.json_body["message"]) == (200, "Login successful")


@pytest.mark.parametrize(
    "email", ["JIMMY@EXAMPLE.COM", " jimmy@example.com ", "\ufeffjimmy@example.com\u00a0"]
)
def test_an_address_logs_in_in_any_spelling(shop, jimmy, email):
    assert shop.post("/user/login", {**LOGIN, "email": email}).json_body["userId"] == jimmy


COMPOSED, DECOMPOSED = "Stra\u00dfe caf\u00e9", "Stra\u00dfe\u00a0cafe\u0301"


@pytest.mark.parametrize(("chosen", "typed"), [(COMPOSED, DECOMPOSED), (DECOMPOSED, COMPOSED)])
def test_a_password_is_the_same_on_every_keyboard(shop, chosen, typed):
    shop.post("/user/register", {**JIMMY, "password": chosen})

    assert shop.post("/user/login", {**LOGIN, "password": typed}).status_code == 200
    assert shop.post("/user/login", {**LOGIN, "password": "Strasse cafe"}).status_code == 401


def test_a_password_hashed_as_it_came_works_and_is_hashed_anew(shop, jimmy):
    users = aws.client("dynamodb")
    old_hash = bcrypt.hashpw(DECOMPOSED.encode(), bcrypt.gensalt(4)).decode()
    users.update_item(
        TableName="Users",
        Key={"userId": {"S": jimmy}},
        UpdateExpression="SET passwordHash = :hash",
        ExpressionAttributeValues={":hash": {"S": old_hash}},
    )

    assert shop.post("/user/login", {**LOGIN, "password": COMPOSED}).status_code == 401
    assert shop.post("/user/login", {**LOGIN, "password": DECOMPOSED}).status_code == 200
    assert shop.post("/user/login", {**LOGIN, "password": COMPOSED}).status_code == 200
    assert shop.post("/user/login", {**LOGIN, "password": DECOMPOSED}).status_code == 200


CLAIMS = {"iss", "aud", "sub", "email", "role", "scopes", "sid", "iat", "exp"}


def test_the_claims_of_a_token_name_its_user_and_lifetime(shop, jimmy, access_token):
    token = access_token()

    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.keys() == CLAIMS
    assert claims["exp"] - claims["iat"] == 900
    assert {
        "iss": "commerce-user-service",
        "aud": "commerce",
        "sub": jimmy,
        "email": "jimmy@example.com",
        "role": "customer",
        "scopes": [],
    }.items() <= claims.items()
    assert jwt.get_unverified_header(token)["alg"] == "EdDSA"
    assert auth.verify(f"Bearer {token}") == claims


def test_the_lifetime_of_a_token_is_a_setting_of_the_stage(shop, jimmy, monkeypatch):
    monkeypatch.setenv("TOKEN_TTL_SECONDS", "60")

    answer = shop.post("/user/login", LOGIN).json_body

    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert (answer["expiresIn"], claims["exp"] - claims["iat"]) == (60, 60)


def test_a_wrong_password_and_an_unknown_address_are_answered_alike(shop, jimmy):
    wrong = shop.post("/user/login", {**LOGIN, "password": "54321"})
    unknown = shop.post("/user/login", {**LOGIN, "email": "nobody@example.com"})

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert (
        wrong.json_body
        == unknown.json_body
        == {"Code": "InvalidCredentials", "Message": "Invalid credentials"}
    )


def test_an_unknown_address_costs_the_same_hash_and_the_same_reads(
    shop, jimmy, checked_hashes, table_reads
):
    shop.post(
        "/user/login", {**LOGIN, "email": "somebody@example.com"}
    )  # the source has failed before
    checked_hashes.clear(), table_reads.clear()
    shop.post("/user/login", {**LOGIN, "password": "54321"})
    known = checked_hashes[:], table_reads[:]
    checked_hashes.clear(), table_reads.clear()

    shop.post("/user/login", {**LOGIN, "email": "nobody@example.com"})

    assert (checked_hashes, table_reads) == known
    assert checked_hashes == [b"$2b$04$"]


def test_a_password_longer_than_any_valid_one_costs_the_same_hash(shop, jimmy, checked_hashes):
    for email in ("jimmy@example.com", "nobody@example.com"):
        assert shop.post("/user/login", {"email": email, "password": "x" * 1024}).status_code == 401

    assert checked_hashes == [b"$2b$04$"] * 2


def test_no_password_logs_in_to_an_unknown_address(shop):
    for password in (".", "x", "nobody", "." * 53):
        assert (
            shop.post(
                "/user/login", {"email": "nobody@example.com", "password": password}
            ).status_code
            == 401
        )


def test_a_malformed_address_does_not_log_in(shop, jimmy, subtests):
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


def test_before_the_first_rotation_nobody_gets_a_token(shop_without_key):
    shop_without_key.post("/user/register", {**LOGIN, "name": "Jimmy"})

    rejected = shop_without_key.post("/user/login", LOGIN)

    assert rejected.status_code == 500
    assert "token" not in rejected.json_body


def test_a_running_service_signs_while_its_secret_cannot_be_read(shop, jimmy, access_token):
    access_token()
    aws.client("secretsmanager").delete_secret(
        SecretId="commerce/user-service/signing-keys", ForceDeleteWithoutRecovery=True
    )

    assert shop.post("/user/login", LOGIN).status_code == 200
