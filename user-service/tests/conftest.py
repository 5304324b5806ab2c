import json
import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ReadTimeoutError
from chalice.local import LambdaEventConverter
from moto.core import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import DynamoDBBackend
from moto.ses.models import ses_backends
from pynamodb.models import Model

from chalicelib.tokens import keys
from common import auth, aws, clock, queues
from testkit.events import waiting

JIMMY = {"email": "jimmy@example.com", "password": "12345", "name": "Jimmy"}
TOPIC = "arn:aws:sns:us-east-1:123456789012:commerce-notifications"
_deserializer = TypeDeserializer()


@pytest.fixture
def bare_shop(api: Any) -> Iterator[Any]:
    """The service before its first signing key was made."""
    aws.client("secretsmanager").create_secret(
        Name=keys.SECRET
    )  # moto's CloudFormation makes no secrets
    keys.forget()
    auth.clear_keys()
    yield api
    keys.forget()
    auth.clear_keys()


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
def enter(shop: Any) -> Callable[..., dict[str, Any]]:
    """Somebody's tokens, of a new session."""
    return lambda email="jimmy@example.com", password="12345": (
        shop.post("/user/login", {"email": email, "password": password}).json_body
    )


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each read of a table, by its name."""
    seen, get = list[str](), DynamoDBBackend.get_item

    def watched(self: Any, table: str, *args: Any, **kwargs: Any) -> Any:
        seen.append(table)
        return get(self, table, *args, **kwargs)

    monkeypatch.setattr(DynamoDBBackend, "get_item", watched)
    return seen


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let something happen right before the next write of a kind, to one table: `meanwhile(act, "update_item", "Users")`."""

    def arrange(act: Callable[[], object], kind: str, table: str | None = None) -> None:
        write = getattr(DynamoDBBackend, kind)

        def overtaken(self: Any, first: Any, *args: Any, **kwargs: Any) -> Any:
            if table in (None, first):
                monkeypatch.setattr(DynamoDBBackend, kind, write)
                act()
            return write(self, first, *args, **kwargs)

        monkeypatch.setattr(DynamoDBBackend, kind, overtaken)

    return arrange


@pytest.fixture
def lose_answer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """The `at`-th such call on a model's table does its work, and its answer gets lost: the SDK makes it again."""
    taps: list[tuple[Any, Any]] = []
    monkeypatch.setattr(time, "sleep", lambda _: None)

    def lose(model: type[Model], operation: str, at: int = 1) -> None:
        seen = []

        def lost(event_name: str, **_: Any) -> None:
            if event_name.endswith(f".{operation}"):
                seen.append(event_name)
                if len(seen) == at:
                    raise ReadTimeoutError(endpoint_url="dynamodb")

        events = model._get_connection().connection.client.meta.events
        events.register_last("before-send", lost)  # after moto, which does the work
        taps.append((events, lost))

    yield lose
    for events, lost in taps:
        events.unregister("before-send", lost)


@pytest.fixture
def come_from(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let requests come from this address from now on."""
    return lambda address: monkeypatch.setattr(LambdaEventConverter, "LOCAL_SOURCE_IP", address)


@pytest.fixture
def post_office(shop: Any) -> "PostOffice":
    """Sends the mails that were asked for, and shows them."""
    return PostOffice(shop)


class PostOffice:
    """The queue of mails, its consumer, and what SES was given."""

    def __init__(self, shop: Any) -> None:
        self._shop = shop
        aws.client("ses").verify_email_identity(EmailAddress="shop@shop.example")

    def waiting(self) -> list[dict[str, Any]]:
        """The messages that wait to be made mails."""
        return waiting("user-mail-queue")

    def deliver(self, times: int = 1) -> list[dict[str, Any]]:
        """Have all that waits sent, and answer with the messages; `times` is how often each of them comes."""
        messages, url = self.waiting(), queues.url("user-mail-queue")
        for _ in messages:
            (taken,) = aws.client("sqs").receive_message(QueueUrl=url)["Messages"]
            aws.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=taken["ReceiptHandle"])
        for message in messages * times:
            self._shop.sqs("on-user-mail", [message])
        return messages

    def sent(self, subject: str = "") -> list[Any]:
        """The mails so far, of this subject if one is given, oldest first."""
        mails = ses_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].sent_messages
        return [mail for mail in mails if subject in mail.subject]

    def token(self, subject: str) -> str:
        """The token in the last mail of this subject, which is sent if it waits."""
        self.deliver()
        found = re.search(r"#token=(\S+)", self.sent(subject)[-1].body)
        assert found, "the mail has no token"
        return found[1]


@pytest.fixture
def rows(cloud: None) -> Callable[..., list[dict[str, Any]]]:
    """All that a table holds; Users, if none is named."""

    def look(table: str = "Users") -> list[dict[str, Any]]:
        items = aws.client("dynamodb").scan(TableName=table, ConsistentRead=True)["Items"]
        return [
            {name: _deserializer.deserialize(value) for name, value in item.items()}
            for item in items
        ]

    return look


@pytest.fixture
def welcomes(cloud: None) -> Callable[[], list[dict[str, Any]]]:
    """What those hear who listen on the topic for customers."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    url = sqs.create_queue(QueueName="customers")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    attributes = {
        "RawMessageDelivery": "true",
        "FilterPolicy": json.dumps({"audience": ["customer"]}),
    }
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
