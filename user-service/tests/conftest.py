import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from actors import JIMMY
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ReadTimeoutError
from chalice.local import LambdaEventConverter
from mailer import Mailer
from moto.dynamodb.models import DynamoDBBackend
from pynamodb.models import Model

from chalicelib.tokens import keys
from common import auth, aws, clock
from testkit.events import waiting

TOPIC = "arn:aws:sns:us-east-1:123456789012:commerce-notifications"
_deserializer = TypeDeserializer()


@pytest.fixture
def shop_without_key(api: Any) -> Iterator[Any]:
    """The service before its first rotation.

    CloudFormation of moto creates no secrets.
    """
    aws.client("secretsmanager").create_secret(Name=keys.SECRET)
    keys.clear_cache()
    auth.clear_keys()
    yield api
    keys.clear_cache()
    auth.clear_keys()


@pytest.fixture
def shop(shop_without_key: Any) -> Any:
    """The service with a signing key."""
    shop_without_key.invoke("rotate-signing-key", {})
    return shop_without_key


@pytest.fixture
def jimmy(shop: Any) -> str:
    """The userId of Jimmy, who has an account."""
    return shop.post("/user/register", JIMMY).json_body["userId"]


@pytest.fixture
def log_in(shop: Any) -> Callable[..., dict[str, Any]]:
    """Start a session, and return its tokens."""

    def post_login(email: str = JIMMY["email"], password: str = JIMMY["password"]) -> Any:
        return shop.post("/user/login", {"email": email, "password": password}).json_body

    return post_login


@pytest.fixture
def access_token(log_in: Callable[..., dict[str, Any]]) -> Callable[..., str]:
    """Start a session, and return its access token."""
    return lambda *credentials: log_in(*credentials)["token"]


@pytest.fixture
def table_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The table of each GetItem, in order."""
    tables, get = list[str](), DynamoDBBackend.get_item

    def record(self: Any, table: str, *args: Any, **kwargs: Any) -> Any:
        tables.append(table)
        return get(self, table, *args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "get_item", record)
    return tables


@pytest.fixture
def before_next_write(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Act right before the next write of a kind, to one table if one is named."""

    def arrange(act: Callable[[], object], kind: str, table: str | None = None) -> None:
        write = getattr(DynamoDBBackend, kind)

        def act_first(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
            if table in (None, first):
                monkeypatch.setattr(DynamoDBBackend, kind, write)
                act()
            return write(self, first, *args, **kwargs)

        monkeypatch.setattr(DynamoDBBackend, kind, act_first)

    return arrange


@pytest.fixture
def lose_response(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Lose the response of the `at`-th such call, so that the SDK repeats it."""
    handlers: list[tuple[Any, Any]] = []
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def arrange(model: type[Model], operation: str, at: int = 1) -> None:
        calls = []

        def time_out(event_name: str, **_: Any) -> None:
            if event_name.endswith(f".{operation}"):
                calls.append(event_name)
                if len(calls) == at:
                    raise ReadTimeoutError(endpoint_url="dynamodb")

        events = model._get_connection().connection.client.meta.events
        events.register_last("before-send", time_out)  # after moto, which carries the call out
        handlers.append((events, time_out))

    yield arrange
    for events, time_out in handlers:
        events.unregister("before-send", time_out)


@pytest.fixture
def set_source_ip(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Set the address that later requests come from."""
    return lambda address: monkeypatch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", address)


@pytest.fixture
def mailer(shop: Any) -> Mailer:
    """The queue of mails, and the mails sent."""
    return Mailer(shop)


@pytest.fixture
def rows(cloud: None) -> Callable[..., list[dict[str, Any]]]:
    """Read all rows of a table, by default of Users."""

    def scan(table: str = "Users") -> list[dict[str, Any]]:
        items = aws.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
        return [
            {name: _deserializer.deserialize(value) for name, value in item.items()}
            for item in items
        ]

    return scan


@pytest.fixture
def notifications(cloud: None) -> Callable[[], list[dict[str, Any]]]:
    """Read the messages on the topic whose audience is customers."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = sqs.create_queue(QueueName="customers")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    sns.subscribe(
        TopicArn=TOPIC,
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps({"audience": ["customer"]}),
        },
    )
    return lambda: waiting("customers")


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the service's clock to so many seconds after the real time."""

    def shift(seconds: float) -> None:
        monkeypatch.setattr(clock, "epoch", lambda: int(time.time() + seconds))
        monkeypatch.setattr(clock, "now", lambda: clock.iso(time.time() + seconds))

    return shift


@pytest.fixture(autouse=True)
def cheap_hashes(settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A low cost of hashes. Tests about the cost set their own."""
    monkeypatch.setenv("BCRYPT_ROUNDS", "4")
