import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer

from chalicelib.tokens import keys
from common import auth, aws, clock
from testkit.events import waiting

JIMMY = {"email": "jimmy@example.com", "password": "12345", "name": "Jimmy"}
TOPIC = "arn:aws:sns:us-east-1:123456789012:commerce-notifications"
_deserializer = TypeDeserializer()


@pytest.fixture
def bare_shop(api: Any) -> Iterator[Any]:
    """The service before its first signing key was made."""
    aws.client("secretsmanager").create_secret(Name=keys.SECRET)  # moto's CloudFormation makes no secrets
    keys.forget()
    auth.forget_keys()
    yield api
    keys.forget()
    auth.forget_keys()


@pytest.fixture
def shop(bare_shop: Any) -> Any:
    """The service as it runs: with a signing key."""
    bare_shop.invoke("rotate-signing-key", {})
    return bare_shop


@pytest.fixture
def jimmy(shop: Any) -> str:
    """Jimmy has an account; his userId."""
    return shop.post("/user/register", JIMMY).json_body["userId"]


@pytest.fixture
def log_in(shop: Any) -> Callable[..., str]:
    """Somebody's access token."""
    return lambda email="jimmy@example.com", password="12345": shop.post(
        "/user/login", {"email": email, "password": password}
    ).json_body["token"]


@pytest.fixture
def rows(cloud: None) -> Callable[[], list[dict[str, Any]]]:
    """All that the table Users holds."""

    def look() -> list[dict[str, Any]]:
        items = aws.client("dynamodb").scan(TableName="Users", ConsistentRead=True)["Items"]
        return [{name: _deserializer.deserialize(value) for name, value in item.items()} for item in items]

    return look


@pytest.fixture
def welcomes(cloud: None) -> Callable[[], list[dict[str, Any]]]:
    """What those hear who listen on the topic for customers."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = sqs.create_queue(QueueName="customers")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    attributes = {"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"audience": ["customer"]})}
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes=attributes)
    return lambda: waiting("customers")


@pytest.fixture
def travel(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the service's clock by so many seconds from the real time."""

    def to(seconds: float) -> None:
        monkeypatch.setattr(clock, "epoch", lambda: int(time.time() + seconds))
        monkeypatch.setattr(clock, "now", lambda: clock.iso(time.time() + seconds))

    return to


@pytest.fixture(autouse=True)
def quick_hashes(settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cost that suits tests; those about the cost set their own."""
    monkeypatch.setenv("BCRYPT_ROUNDS", "4")
