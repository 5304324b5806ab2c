import json
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend

from chalicelib.tokens import keys
from chalicelib.tokens.errors import RotationUnderWay
from chalicelib.tokens.models import RotationLock
from common import auth, aws

SECRET = "commerce/user-service/signing-keys"
LIFE = 900


@pytest.fixture(autouse=True)
def pauses(monkeypatch):
    """The pauses of the service, in seconds. The monotonic clock skips them."""
    slept, now = [], time.monotonic
    monkeypatch.setattr(time, "sleep", lambda seconds: slept.append(seconds) if seconds else None)
    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(slept))
    return slept


@pytest.fixture
def rotate(shop):
    def rotate_and_clear_caches(**options):
        """Rotate, and expire all caches."""
        answer = shop.invoke("rotate-signing-key", options)
        auth.clear_keys()
        keys.clear_cache()
        return answer

    return rotate_and_clear_caches


def published_keys():
    parameter = aws.client("ssm").get_parameter(Name=auth.KEYS_PARAMETER)["Parameter"]["Value"]
    return json.loads(parameter)["keys"]


def published_ids():
    return [key["kid"] for key in published_keys()]


def read_secret():
    return json.loads(
        aws.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
    )


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


def is_accepted(shop, token):
    return shop.get("/user/profile", token=token).status_code == 200


def test_only_the_public_half_of_a_key_is_published(shop):
    (key,) = published_keys()

    assert key.keys() == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert key["kid"] == read_secret()["current"]


def test_the_secret_stores_each_key_with_its_id_and_age(shop, rotate):
    rotate()

    stored = read_secret()
    assert stored["current"] == stored["keys"][0]["kid"]
    assert [key.keys() for key in stored["keys"]] == [{"kid", "privateKey", "createdAt"}] * 2


def test_the_result_of_a_rotation_contains_no_private_key(shop, rotate):
    answer = rotate()

    assert answer == {"current": read_secret()["current"], "published": published_ids()}


def test_a_rotation_keeps_old_tokens_valid_and_signs_with_the_new_key(
    shop, jimmy, access_token, rotate
):
    old = access_token()

    rotated = rotate()

    new = access_token()
    assert kid(new) == rotated["current"] != kid(old)
    assert is_accepted(shop, old)
    assert is_accepted(shop, new)


def test_tokens_outlive_any_number_of_rotations(shop, jimmy, access_token, rotate):
    tokens = [access_token()]
    for _ in range(3):
        rotate()
        tokens.append(access_token())

    assert len({kid(token) for token in tokens}) == 4
    assert all(is_accepted(shop, token) for token in tokens)


def test_a_verifier_that_knows_only_the_old_keys_learns_the_new_one(
    shop, jimmy, access_token, monkeypatch
):
    assert is_accepted(shop, access_token())
    monkeypatch.setattr(auth, "REFETCH_SECONDS", -1)
    shop.invoke("rotate-signing-key", {})

    assert is_accepted(shop, access_token())


@pytest.mark.parametrize("how", [{}, {"revokeOld": True}])
def test_a_verifier_with_fresh_keys_accepts_the_first_token_of_a_new_key(
    shop, jimmy, access_token, pauses, how
):
    old = access_token()
    auth.clear_keys()
    assert is_accepted(shop, old)

    shop.invoke("rotate-signing-key", how)

    assert is_accepted(shop, access_token())
    assert len(pauses) == 1


def test_the_first_key_signs_at_once(shop_without_key, pauses):
    shop_without_key.invoke("rotate-signing-key", {})

    assert pauses == []


def test_a_key_is_dropped_once_all_its_tokens_have_expired(shop, rotate, set_clock):
    first = read_secret()["current"]
    set_clock(0)
    second = rotate()["current"]
    assert published_ids() == [second, first]

    set_clock(LIFE - 10)
    third = rotate()["current"]
    assert published_ids() == [third, second, first]

    set_clock(LIFE + 300)
    fourth = rotate()["current"]
    assert published_ids() == [fourth, third, second]
    assert [key["kid"] for key in read_secret()["keys"]] == published_ids()


def test_a_key_that_signed_for_years_outlives_its_last_token(
    shop, jimmy, access_token, rotate, set_clock
):
    first = read_secret()["current"]
    set_clock(3 * 365 * 86400)

    rotate()

    assert first in published_ids()


def test_an_expired_token_is_rejected(shop, jimmy, access_token, set_clock):
    set_clock(-LIFE - 5)
    expired = access_token()
    set_clock(0)

    assert not is_accepted(shop, expired)
    assert is_accepted(shop, access_token())


def test_a_token_with_another_payload_or_signature_is_rejected(shop, jimmy, access_token):
    head, payload, signature = access_token().split(".")
    other = jwt.utils.base64url_encode(
        json.dumps({"sub": jimmy, "role": "admin"}).encode()
    ).decode()

    assert is_accepted(shop, f"{head}.{payload}.{signature}")
    assert not is_accepted(shop, f"{head}.{other}.{signature}")
    assert not is_accepted(shop, f"{head}.{payload}.{signature[:-4]}AAAA")
    assert not is_accepted(shop, f"{head}.{payload}.")


def test_revoking_invalidates_every_earlier_token(shop, jimmy, access_token, rotate):
    stolen = access_token()

    answer = rotate(revokeOld=True)

    assert not is_accepted(shop, stolen)
    assert is_accepted(shop, access_token())
    assert answer["published"] == published_ids() == [answer["current"]]
    assert [key["kid"] for key in read_secret()["keys"]] == published_ids()


def test_a_rotation_that_cannot_publish_leaves_the_old_key_signing(
    shop, jimmy, access_token, rotate, monkeypatch
):
    before = read_secret()
    fail_call(monkeypatch, "ssm", "put_parameter")

    with pytest.raises(ClientError):
        rotate()

    assert read_secret() == before
    assert is_accepted(shop, access_token())


def test_the_next_rotation_repairs_one_that_could_not_store(
    shop, jimmy, access_token, rotate, monkeypatch
):
    old = access_token()
    with monkeypatch.context() as outage:
        fail_call(outage, "secretsmanager", "put_secret_value")
        with pytest.raises(ClientError):
            rotate()
    assert is_accepted(shop, old)
    assert is_accepted(shop, access_token())

    rotate()

    assert is_accepted(shop, old)
    assert is_accepted(shop, access_token())
    assert published_ids() == [key["kid"] for key in read_secret()["keys"]]


def fail_call(monkeypatch, service, call):
    """Let AWS reject this call."""

    def fail(**_):
        raise ClientError({"Error": {"Code": "InternalServiceError", "Message": "down"}}, call)

    monkeypatch.setattr(aws.client(service), call, fail)


def test_a_key_is_published_before_it_signs(shop, rotate, monkeypatch):
    seen, store = [], aws.client("secretsmanager").put_secret_value

    def record(**arguments):
        seen.append((json.loads(arguments["SecretString"])["current"], published_ids()))
        return store(**arguments)

    monkeypatch.setattr(aws.client("secretsmanager"), "put_secret_value", record)

    rotate()
    rotate(revokeOld=True)

    assert len(seen) == 3
    assert all(current in known for current, known in seen)


def test_after_concurrent_rotations_the_signing_key_is_published(shop, jimmy, access_token, rotate):
    def try_to_rotate(_):
        try:
            return shop.invoke("rotate-signing-key", {})["current"]
        except RotationUnderWay:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = list(filter(None, pool.map(try_to_rotate, range(8))))

    assert made
    assert published_ids() == [key["kid"] for key in read_secret()["keys"]]
    assert set(made) <= set(published_ids())
    auth.clear_keys()
    keys.clear_cache()
    assert is_accepted(shop, access_token())


@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem"])
def test_a_rotation_continues_after_its_lock_lost_a_response(
    shop, rotate, rows, lose_response, operation
):
    lose_response(RotationLock, operation)

    rotated = rotate()

    assert rotated["current"] == read_secret()["current"]
    assert rotate()["published"][1] == rotated["current"]
    assert rows() == []


class LambdaCrashed(BaseException):
    """The Lambda ends here, without any clean-up."""


def crash(*_, **__):
    raise LambdaCrashed


def test_a_crashed_rotation_blocks_others_for_a_minute_at_most(
    shop, rotate, rows, set_clock, monkeypatch
):
    set_clock(0)
    with monkeypatch.context() as outage:
        outage.setattr(DynamoDBBackend, "delete_item", crash)
        with pytest.raises(LambdaCrashed):
            rotate()

    with pytest.raises(RotationUnderWay):
        rotate()
    set_clock(62)

    assert rotate()["current"] == read_secret()["current"]
    assert rows() == []
