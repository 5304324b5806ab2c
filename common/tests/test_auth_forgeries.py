"""Any header leads the authorizer to a policy or to Unauthorized.

Called as API Gateway calls it.
"""

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common import api, auth, aws
from testkit.forgeries import forged
from testkit.tokens import JIMMY, KID, Tokens

ARN = "arn:aws:execute-api:us-east-1:123456789012:api/stage/GET/me"
NAMES = [name for name, _ in forged(Tokens(Ed25519PrivateKey.generate()), JIMMY)][
    1:
]  # no header: not even asked


@pytest.fixture
def authorizer(tokens, monkeypatch):
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "shop-authorizer")
    made = auth.jwt_authorizer(api.create_app("shop"))
    return lambda header: made(
        {"type": "TOKEN", "authorizationToken": header, "methodArn": ARN}, None
    )


def effects(answer):
    return [
        (each["Effect"], bool(each["Resource"])) for each in answer["policyDocument"]["Statement"]
    ]


def test_a_proper_token_is_allowed_in(authorizer, tokens):
    answer = authorizer(f"Bearer {tokens.customer()}")

    assert effects(answer) == [("Allow", True)]
    assert answer["principalId"] == JIMMY


@pytest.mark.parametrize("name", NAMES)
def test_a_forged_token_is_unauthorized_and_never_an_error_of_ours(authorizer, tokens, name):
    header = dict(forged(tokens, JIMMY))[name]["Authorization"]

    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(header)


@pytest.mark.parametrize("name", NAMES)
def test_outside_of_lambda_a_forged_token_is_allowed_nothing(tokens, name):
    made = auth.jwt_authorizer(api.create_app("shop"))
    header = dict(forged(tokens, JIMMY))[name]["Authorization"]
    answer = made({"type": "TOKEN", "authorizationToken": header, "methodArn": ARN}, None)

    assert ("Allow", True) not in effects(answer)


def signed(tokens, **claims):
    proper = jwt.decode(tokens.customer(), options={"verify_signature": False})
    return jwt.encode({**proper, **claims}, tokens.key, "EdDSA", headers={"kid": KID})


@pytest.mark.parametrize(
    "claims",
    [
        {"role": "superuser"},
        {"role": ["admin"]},
        {"role": None},
        {"email": {"a": 1}},
        {"email": None},
        {"sid": ["s"]},
        {"sub": ""},
    ],
)
def test_a_token_of_ours_that_says_what_none_of_ours_says_is_unauthorized(
    authorizer, tokens, claims
):
    """API Gateway rejects contexts of other types than these with 500.

    Strings, numbers and booleans.
    """
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorizer(f"Bearer {signed(tokens, **claims)}")


def test_made_up_key_ids_do_not_make_every_request_a_call_for_the_keys(
    authorizer, tokens, monkeypatch
):
    authorizer(f"Bearer {tokens.customer()}")
    asked = []
    client = aws.client
    monkeypatch.setattr(aws, "client", lambda name: asked.append(name) or client(name))

    for number in range(20):
        other = jwt.encode(
            {"sub": JIMMY}, tokens.key, "EdDSA", headers={"kid": f"made-up-{number}"}
        )
        with pytest.raises(Exception, match=r"^Unauthorized$"):
            authorizer(f"Bearer {other}")

    assert len(asked) <= 1
