import json
import time

import jwt
import pytest
from botocore.exceptions import ClientError
from chalice.test import Client
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common import api, auth, aws
from common.roles import Role, Scope
from testkit.tokens import ADMIN, JIMMY, KID, STAFF


@pytest.fixture
def shop(tokens):
    app = api.create_app("shop")
    authorizer = auth.jwt_authorizer(app)

    @app.route("/me", authorizer=authorizer)
    def me():
        caller = auth.caller(app)
        named_user = (app.current_request.query_params or {}).get("userId")
        return {
            "userId": auth.acting_for(caller, named_user, Scope.ORDERS_READ),
            "scopes": sorted(caller.scopes),
            "email": caller.email,
        }

    @app.route("/refunds", authorizer=authorizer)
    def refunds():
        auth.require_scope(auth.caller(app), Scope.REFUNDS_WRITE)
        return {}

    with Client(app) as client:
        yield lambda path, token: client.http.get(
            path, headers={"Authorization": f"Bearer {token}"}
        )


def test_the_token_says_who_calls(shop, tokens):
    assert shop("/me", tokens.customer()).json_body == {
        "userId": JIMMY,
        "scopes": [],
        "email": "jimmy@example.com",
    }


def test_a_customer_acts_for_nobody_else(shop, tokens):
    assert shop(f"/me?userId={JIMMY.replace('#', '%23')}", tokens.customer()).status_code == 200
    refused = shop("/me?userId=USER%23other", tokens.customer())
    assert (refused.status_code, refused.json_body["Code"]) == (403, "NotYours")


def test_an_admin_acts_for_anybody(shop, tokens):
    assert shop("/me?userId=USER%23other", tokens.admin()).json_body["userId"] == "USER#other"


@pytest.mark.parametrize("role", Role)
def test_a_route_is_open_to_the_roles_with_its_scope(shop, tokens, role):
    answer = shop("/refunds", tokens.staff(role))

    if role in (Role.ADMIN, Role.FINANCE):
        assert answer.status_code == 200
    else:
        assert (answer.status_code, answer.json_body["Code"]) == (403, "InsufficientScope")
        assert "refunds:write" in answer.json_body["Message"]


@pytest.mark.parametrize("role", Role)
def test_a_token_from_before_there_were_scopes_has_its_roles(shop, tokens, role):
    old = tokens.sign(sub=STAFF, email="s@example.com", role=role)

    assert shop("/me", old).json_body == shop("/me", tokens.staff(role)).json_body | {
        "email": "s@example.com"
    }


def test_a_token_has_no_more_scopes_than_it_names(shop, tokens):
    claims = {"sub": STAFF, "email": "s@example.com", "role": Role.ADMIN}
    narrow = tokens.sign(**claims, scopes=["orders:read", "moons:write"])

    assert shop("/me", narrow).json_body["scopes"] == ["orders:read"]
    assert shop("/refunds", narrow).status_code == 403


@pytest.mark.parametrize("scopes", ["refunds:write", [5], {"refunds:write": 1}, None, 7])
def test_a_token_whose_scopes_are_no_list_of_texts_is_refused(shop, tokens, scopes):
    odd = tokens.sign(sub=STAFF, email="s@example.com", role=Role.ADMIN, scopes=scopes)

    assert shop("/refunds", odd).status_code in (401, 403)
    assert shop("/me", odd).status_code in (401, 403)


def forged(tokens, case):
    claims = {"sub": JIMMY, "email": "j@example.com", "role": "admin"}
    proper = {**claims, "iss": auth.ISSUER, "aud": auth.AUDIENCE, "iat": 1, "exp": time.time() + 60}
    other_key = Ed25519PrivateKey.generate()
    return {
        "expired": lambda: tokens.sign(**claims, exp=int(time.time()) - 1),
        "another audience": lambda: tokens.sign(**claims, aud="elsewhere"),
        "another issuer": lambda: tokens.sign(**claims, iss="somebody"),
        "no subject": lambda: tokens.sign(email="j@example.com", role="admin"),
        "no role": lambda: tokens.sign(sub=JIMMY, email="j@example.com"),
        "another key of the same id": lambda: jwt.encode(
            proper, other_key, "EdDSA", headers={"kid": KID}
        ),
        "an unknown key": lambda: jwt.encode(proper, other_key, "EdDSA", headers={"kid": "mine"}),
        "no key id": lambda: jwt.encode(proper, other_key, "EdDSA"),
        "no signature": lambda: jwt.encode(proper, None, "none", headers={"kid": KID}),
        "a shared secret": lambda: jwt.encode(proper, "s" * 32, "HS256", headers={"kid": KID}),
        "tampered": lambda: tampered(tokens.sign(**claims)),
        "not a token": lambda: "abc",
        "nothing": lambda: "",
    }[case]()


def tampered(token):
    head, payload, signature = token.split(".")
    return f"{head}.{payload[:-2]}xx.{signature}"


FORGERIES = [
    "expired", "another audience", "another issuer", "no subject", "no role",
    "another key of the same id", "an unknown key", "no key id", "no signature",
    "a shared secret", "tampered", "not a token", "nothing",
]  # fmt: skip


@pytest.mark.parametrize("case", FORGERIES)
def test_a_token_that_is_not_to_be_believed_opens_nothing(shop, tokens, case):
    assert shop("/refunds", tokens.admin(ADMIN)).status_code == 200
    assert shop("/refunds", forged(tokens, case)).status_code in (401, 403)


def test_in_lambda_a_bad_token_makes_api_gateway_answer_401(tokens, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-authorizer")
    authorizer = auth.jwt_authorizer(api.create_app("shop"))
    event = {
        "type": "TOKEN",
        "authorizationToken": "Bearer abc",
        "methodArn": "arn:aws:x:y:z:a/b/GET/c",
    }

    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(event, {})


def test_tokens_go_on_working_while_the_public_keys_cannot_be_fetched(shop, tokens, monkeypatch):
    assert shop("/me", tokens.customer()).status_code == 200
    aws.client("ssm").delete_parameter(Name=auth.KEYS_PARAMETER)
    monkeypatch.setattr(auth, "_FRESH_SECONDS", -1)
    monkeypatch.setattr(auth, "REFETCH_SECONDS", -1)

    assert shop("/me", tokens.customer()).status_code == 200


def test_a_withdrawn_key_is_not_believed_for_longer_because_a_fetch_failed(tokens, monkeypatch):
    token = f"Bearer {tokens.customer()}"
    auth.verify(token)
    published = aws.client("ssm").get_parameter(Name=auth.KEYS_PARAMETER)["Parameter"]["Value"]
    aws.client("ssm").delete_parameter(Name=auth.KEYS_PARAMETER)
    clock = time.monotonic() + auth._FRESH_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    auth.verify(token)

    withdrawn = json.dumps({"keys": [{**json.loads(published)["keys"][0], "kid": "another"}]})
    aws.client("ssm").put_parameter(Name=auth.KEYS_PARAMETER, Value=withdrawn, Type="String")
    clock += auth.REFETCH_SECONDS + 1

    with pytest.raises(jwt.InvalidTokenError):
        auth.verify(token)


def test_a_token_is_not_refused_because_a_first_fetch_of_the_keys_failed(shop, tokens):
    """Rejecting the token would log the customer out.

    The next request fetches the keys again and succeeds.
    """
    published = aws.client("ssm").get_parameter(Name=auth.KEYS_PARAMETER)["Parameter"]["Value"]
    aws.client("ssm").delete_parameter(Name=auth.KEYS_PARAMETER)
    auth.clear_keys()
    with pytest.raises(ClientError):
        auth.verify(f"Bearer {tokens.customer()}")
    with pytest.raises(ClientError):
        auth.published_keys()

    aws.client("ssm").put_parameter(Name=auth.KEYS_PARAMETER, Value=published, Type="String")

    assert shop("/me", tokens.customer()).status_code == 200


@pytest.fixture
def throttle():
    """Have SSM throttle the next calls. Returns how many are left."""
    left = []
    events = aws.client("ssm", seconds=auth._SSM_SECONDS).meta.events

    def refuse(**_):
        if left:
            left.pop()
            raise ClientError({"Error": {"Code": "ThrottlingException"}}, "GetParameter")

    events.register("before-parameter-build.ssm.GetParameter", refuse)
    yield left
    events.unregister("before-parameter-build.ssm.GetParameter", refuse)


def test_a_burst_of_first_customers_is_not_refused(shop, tokens, throttle):
    """SSM takes 40 requests a second, and each new authorizer makes one."""
    auth.clear_keys()
    throttle += [1] * 3

    assert shop("/me", tokens.customer()).status_code == 200
    assert throttle == []


def test_known_keys_are_used_at_once_while_ssm_throttles(shop, tokens, throttle, monkeypatch):
    assert shop("/me", tokens.customer()).status_code == 200
    clock = time.monotonic() + auth._FRESH_SECONDS + 1
    monkeypatch.setattr(time, "monotonic", lambda: clock)
    throttle += [1] * 9

    assert shop("/me", tokens.customer()).status_code == 200
    assert len(throttle) == 8


def test_the_session_of_the_token_is_told_where_there_is_one(tokens):
    app = api.create_app("shop")
    authorizer = auth.jwt_authorizer(app)

    @app.route("/session", authorizer=authorizer)
    def session():
        return {"session": auth.caller(app).session_id}

    with Client(app) as client:
        for claims, expected in (({"sid": "SESSION#1"}, "SESSION#1"), ({}, "")):
            token = tokens.sign(sub=JIMMY, email="jimmy@example.com", role="customer", **claims)
            answer = client.http.get("/session", headers={"Authorization": f"Bearer {token}"})
            assert answer.json_body == {"session": expected}


def test_the_published_keys_are_those_that_verify(tokens, monkeypatch):
    auth.verify(f"Bearer {tokens.customer()}")

    assert [key["kid"] for key in auth.published_keys()["keys"]] == [KID]
    aws.client("ssm").put_parameter(Name=auth.KEYS_PARAMETER, Value='{"keys": []}', Overwrite=True)
    monkeypatch.setattr(auth, "REFETCH_SECONDS", -1)
    assert auth.published_keys() == {"keys": []}
