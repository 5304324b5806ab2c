import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.checkout_shop import JIMMY, CheckoutShop
from tests.lambda_fakes import AwsInterceptor, LambdaFakes, TaskTokenFake
from tests.order_records import OrderRecords

from chalicelib.payments.gateways import stripe as stripe_adapter
from chalicelib.payments.gateways.registry import get_gateway
from common import aws
from devcloud.stripe import FakeStripe, serve

WEBHOOK_SECRET = "whsec_test"


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[FakeStripe]:
    with serve(webhook_secret=WEBHOOK_SECRET) as running:
        yield running


@pytest.fixture
def stripe(stripe_server: FakeStripe, cloud: None, monkeypatch: pytest.MonkeyPatch) -> FakeStripe:
    """The fake of Stripe, empty and without faults."""
    stripe_server.store.clear()
    stripe_server.faults.reset()
    monkeypatch.setenv("STRIPE_API_BASE", stripe_server.url)
    keys = {"apiKey": "sk_test_1", "webhookSecret": WEBHOOK_SECRET}
    aws.client("secretsmanager").create_secret(
        Name=stripe_adapter.SECRET, SecretString=json.dumps(keys)
    )
    get_gateway("stripe").forget_keys()
    monkeypatch.setenv("PAYMENT_GATEWAYS", "CARD=stripe UPI=stripe")
    return stripe_server


@pytest.fixture
def interceptor(cloud: None) -> Iterator[AwsInterceptor]:
    """Breaks calls to AWS: before they get there, or after."""
    interceptor = AwsInterceptor()
    yield interceptor
    interceptor.restore()


@pytest.fixture
def lambda_fakes(interceptor: AwsInterceptor) -> LambdaFakes:
    """The Lambdas of the other services."""
    return LambdaFakes(interceptor)


@pytest.fixture
def task_tokens(interceptor: AwsInterceptor) -> TaskTokenFake:
    """What sagas that wait are resumed with."""
    return TaskTokenFake(interceptor)


@pytest.fixture
def machine(cloud: None) -> Any:
    """A state machine that does nothing: the real one is tested in tests/e2e."""
    client = aws.client("stepfunctions")
    definition = {
        "StartAt": "Wait",
        "States": {"Wait": {"Type": "Wait", "Seconds": 300, "End": True}},
    }
    made = client.create_state_machine(
        name="checkout-orchestrator",
        definition=json.dumps(definition),
        roleArn="arn:aws:iam::123456789012:role/states",
    )
    return made["stateMachineArn"]


@pytest.fixture
def shop(
    other_tables: Any,
    lambda_fakes: LambdaFakes,
    task_tokens: TaskTokenFake,
    stripe: FakeStripe,
    machine: Any,
    api: Any,
) -> CheckoutShop:
    """The shop around the service: a customer, and order-service's Lambdas."""
    other_tables("Orders", "Carts", "Users", "CustomerOrders", "Addresses")
    shop = CheckoutShop(stripe, lambda_fakes, task_tokens, machine, api)
    shop.add_customer(JIMMY, "jimmy@example.com", "Jimmy Patel", phone="+4915112345")
    aws.client("ses").verify_email_identity(EmailAddress="shop@shop.example")
    return shop


@pytest.fixture
def jimmy(tokens: Any) -> str:
    return tokens.customer()


@pytest.fixture
def records(shop: CheckoutShop, other_tables: Any, monkeypatch: pytest.MonkeyPatch) -> OrderRecords:
    """An order in all tables: a shop with eight bowls in stock."""
    other_tables("Reservations", "Inventory", "StockMovements", "EventLogs")
    records = OrderRecords(shop, monkeypatch)
    records.store_stock(available=8)
    return records


@pytest.fixture
def topic(shop: CheckoutShop) -> Callable[[], list[tuple[str, dict[str, Any]]]]:
    """What the topic's subscribers get: (audience, message)."""
    sqs, sns = aws.client("sqs"), aws.client("sns")
    inbox = sqs.create_queue(QueueName="topic-inbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=inbox, AttributeNames=["QueueArn"])["Attributes"][
        "QueueArn"
    ]
    topic = next(
        one["TopicArn"]
        for one in sns.list_topics()["Topics"]
        if one["TopicArn"].endswith("notifications")
    )
    sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )

    def receive_messages() -> list[tuple[str, dict[str, Any]]]:
        response = sqs.receive_message(
            QueueUrl=inbox,
            MaxNumberOfMessages=10,
            VisibilityTimeout=0,
            MessageAttributeNames=["All"],
        )
        return [
            (message["MessageAttributes"]["audience"]["StringValue"], json.loads(message["Body"]))
            for message in response.get("Messages", [])
        ]

    return receive_messages
