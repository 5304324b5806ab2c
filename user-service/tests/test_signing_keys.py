import json
import time
from concurrent.futures import ThreadPoolExecutor

import jwt
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend

from chalicelib.tokens import keys
from chalicelib.tokens.errors import RotationUnderWay
from chalicelib.tokens.models import Turn
from common import auth, aws

SECRET = "commerce/user-service/signing-keys"
LIFE = 900


@pytest.fixture(autouse=True)
def waits(monkeypatch):
    """How long the service waited, each time; for everybody the time went by."""
    taken, now = [], time.monotonic
    monkeypatch.setattr(time, "sleep", lambda seconds: taken.append(seconds) if seconds else None)
    monkeypatch.setattr(time, "monotonic", lambda: now() + sum(taken))
    return taken


@pytest.fixture
def rotate(shop):
    def turn_and_forget(**how):
        """Rotate, and let everybody's cache run out."""
        answer = shop.invoke("rotate-signing-key", how)
        auth.clear_keys()
        keys.forget()
        return answer

    return turn_and_forget


def published():
    parameter = aws.client("ssm").get_parameter(Name=auth.KEYS_PARAMETER)["Parameter"]["Value"]
    return json.loads(parameter)["keys"]


def published_ids():
    return [key["kid"] for key in published()]


def secret():
    return json.loads(
        aws.client("secretsmanager").get_secret_value(SecretId=SECRET)["SecretString"]
    )


def kid(token):
    return jwt.get_unverified_header(token)["kid"]


def is_believed(shop, token):
    return shop.get("/user/profile", token=token).status_code == 200


def test_what_is_published_is_the_public_half_and_nothing_else(shop):
    (key,) = published()

    assert key.keys() == {"kty", "crv", "x", "kid", "alg", "use"}
    assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
    assert key["kid"] == secret()["current"]


def test_the_secret_holds_each_key_with_its_id_and_its_age(shop, rotate):
    rotate()

    kept = secret()
    assert kept["current"] == kept["keys"][0]["kid"]
    assert [key.keys() for key in kept["keys"]] == [{"kid", "privateKey", "createdAt"}] * 2


def test_the_answer_of_a_rotation_betrays_no_key(shop, rotate):
    answer = rotate()

    assert answer == {"current": secret()["current"], "published": published_ids()}


def test_after_a_rotation_old_tokens_live_on_and_new_ones_have_the_new_key(
    shop, jimmy, log_in, rotate
):
    old = log_in()

    rotated = rotate()

    new = log_in()
    assert kid(new) == rotated["current"] != kid(old)
    assert is_believed(shop, old)
    assert is_believed(shop, new)


def test_tokens_outlive_any_number_of_rotations(shop, jimmy, log_in, rotate):
    tokens = [log_in()]
    for _ in range(3):
        rotate()
        tokens.append(log_in())

    assert len({kid(token) for token in tokens}) == 4
    assert all(is_believed(shop, token) for token in tokens)


def test_a_verifier_that_knows_only_the_old_keys_learns_the_new_one(
    shop, jimmy, log_in, monkeypatch
):
    assert is_believed(shop, log_in())
    monkeypatch.setattr(auth, "REFETCH_SECONDS", -1)
    shop.invoke("rotate-signing-key", {})

    assert is_believed(shop, log_in())


@pytest.mark.parametrize("how", [{}, {"revokeOld": True}])
def test_a_verifier_that_asked_just_before_a_rotation_believes_the_first_token_after_it(
    shop, jimmy, log_in, waits, how
):
    old = log_in()
    auth.clear_keys()
    assert is_believed(shop, old)

    shop.invoke("rotate-signing-key", how)

    assert is_believed(shop, log_in())
    assert len(waits) == 1


def test_the_first_key_signs_at_once(bare_shop, waits):
    bare_shop.invoke("rotate-signing-key", {})

    assert waits == []


def test_a_key_goes_once_every_token_that_it_signed_has_expired(shop, rotate, travel):
    first = secret()["current"]
    travel(0)
    second = rotate()["current"]
    assert published_ids() == [second, first]

    travel(LIFE - 10)
    third = rotate()["current"]
    assert published_ids() == [third, second, first]

    travel(LIFE + 300)
    fourth = rotate()["current"]
    assert published_ids() == [fourth, third, second]
    assert [key["kid"] for key in secret()["keys"]] == published_ids()


def test_a_key_that_signed_for_years_outlives_its_last_token(shop, jimmy, log_in, rotate, travel):
    first = secret()["current"]
    travel(3 * 365 * 86400)

    rotate()

    assert first in published_ids()


def test_a_token_older_than_its_life_is_worth_nothing(shop, jimmy, log_in, travel):
    travel(-LIFE - 5)
    expired = log_in()
    travel(0)

    assert not is_believed(shop, expired)
    assert is_believed(shop, log_in())


def test_a_token_with_another_payload_or_signature_is_worth_nothing(shop, jimmy, log_in):
    head, payload, signature = log_in().split(".")
    other = jwt.utils.base64url_encode(
        json.dumps({"sub": jimmy, "role": "admin"}).encode()
    ).decode()

    assert is_believed(shop, f"{head}.{payload}.{signature}")
    assert not is_believed(shop, f"{head}.{other}.{signature}")
    assert not is_believed(shop, f"{head}.{payload}.{signature[:-4]}AAAA")
    assert not is_believed(shop, f"{head}.{payload}.")


def test_revoking_makes_every_earlier_token_worthless(shop, jimmy, log_in, rotate):
    stolen = log_in()

    answer = rotate(revokeOld=True)

    assert not is_believed(shop, stolen)
    assert is_believed(shop, log_in())
    assert answer["published"] == published_ids() == [answer["current"]]
    assert [key["kid"] for key in secret()["keys"]] == published_ids()


def test_a_rotation_that_cannot_publish_leaves_the_old_key_signing(
    shop, jimmy, log_in, rotate, monkeypatch
):
    before = secret()
    refuse(monkeypatch, "ssm", "put_parameter")

    with pytest.raises(ClientError):
        rotate()

    assert secret() == before
    assert is_believed(shop, log_in())


def test_a_rotation_that_cannot_store_is_made_good_by_the_next(
    shop, jimmy, log_in, rotate, monkeypatch
):
    old = log_in()
    with monkeypatch.context() as trouble:
        refuse(trouble, "secretsmanager", "put_secret_value")
        with pytest.raises(ClientError):
            rotate()
    assert is_believed(shop, old)
    assert is_believed(shop, log_in())

    rotate()

    assert is_believed(shop, old)
    assert is_believed(shop, log_in())
    assert published_ids() == [key["kid"] for key in secret()["keys"]]


def refuse(monkeypatch, service, call):
    """AWS turns this call down."""

    def refused(**_):
        raise ClientError({"Error": {"Code": "InternalServiceError", "Message": "down"}}, call)

    monkeypatch.setattr(aws.client(service), call, refused)


def test_a_key_is_published_before_it_can_sign(shop, rotate, monkeypatch):
    seen, store = [], aws.client("secretsmanager").put_secret_value

    def watched(**arguments):
        seen.append((json.loads(arguments["SecretString"])["current"], published_ids()))
        return store(**arguments)

    monkeypatch.setattr(aws.client("secretsmanager"), "put_secret_value", watched)

    rotate()
    rotate(revokeOld=True)

    assert len(seen) == 3
    assert all(current in known for current, known in seen)


def test_however_many_rotate_at_once_the_signing_key_is_published(shop, jimmy, log_in, rotate):
    def try_to_rotate(_):
        try:
            return shop.invoke("rotate-signing-key", {})["current"]
        except RotationUnderWay:
            return None

    with ThreadPoolExecutor(8) as pool:
        made = list(filter(None, pool.map(try_to_rotate, range(8))))

    assert made
    assert published_ids() == [key["kid"] for key in secret()["keys"]]
    assert set(made) <= set(published_ids())
    auth.clear_keys()
    keys.forget()
    assert is_believed(shop, log_in())


@pytest.mark.parametrize("operation", ["UpdateItem", "DeleteItem"])
def test_a_rotation_whose_turn_was_written_and_not_answered_goes_on(
    shop, rotate, rows, lose_answer, operation
):
    lose_answer(Turn, operation)

    rotated = rotate()

    assert rotated["current"] == secret()["current"]
    assert rotate()["published"][1] == rotated["current"]
    assert rows() == []


class DyingLambda(BaseException):
    """The Lambda ends here, and with it all that it would have done next."""


def dies(*_, **__):
    raise DyingLambda


def test_a_rotation_that_died_keeps_others_out_for_a_minute_at_most(
    shop, rotate, rows, travel, monkeypatch
):
    travel(0)
    with monkeypatch.context() as trouble:
        trouble.setattr(DynamoDBBackend, "delete_item", dies)
        with pytest.raises(DyingLambda):
            rotate()

    with pytest.raises(RotationUnderWay):
        rotate()
    travel(62)

    assert rotate()["current"] == secret()["current"]
    assert rows() == []
