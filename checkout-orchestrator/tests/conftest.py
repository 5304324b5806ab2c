import json
from collections.abc import Iterator
from typing import Any

import pytest
from tests.ledger import Ledger
from tests.neighbours import Neighbours, Tasks, Wire
from tests.shop import JIMMY, Shop

from chalicelib.payments import gateway, stripe_gateway
from common import aws
from devcloud.stripe import Gateway, serve

WEBHOOK_SECRET = "whsec_test"


@pytest.fixture(scope="session")
def stripe_server() -> Iterator[Gateway]:
    with serve(webhook_secret=WEBHOOK_SECRET) as running:
        yield running


@pytest.fixture
def stripe(stripe_server: Gateway, cloud: None, monkeypatch: pytest.MonkeyPatch) -> Gateway:
    """The payment gateway, with empty books and all its faults off."""
    stripe_server.store.clear()
    stripe_server.switches.reset()
    monkeypatch.setenv("STRIPE_API_BASE", stripe_server.url)
    keys = {"apiKey": "sk_test_1", "webhookSecret": WEBHOOK_SECRET}
    aws.client("secretsmanager").create_secret(
        Name=stripe_gateway.SECRET, SecretString=json.dumps(keys)
    )
    gateway.named("stripe").secret.forget()
    monkeypatch.setenv("PAYMENT_GATEWAYS", "CARD=stripe UPI=stripe")
    return stripe_server


@pytest.fixture
def wire(cloud: None) -> Iterator[Wire]:
    """Breaks calls to AWS: before they get there, or after."""
    wire = Wire()
    yield wire
    wire.restore()


@pytest.fixture
def neighbours(wire: Wire) -> Neighbours:
    """The Lambdas of the other services."""
    return Neighbours(wire)


@pytest.fixture
def tasks(wire: Wire) -> Tasks:
    """What waiting sagas are told."""
    return Tasks(wire)


@pytest.fixture
def machine(cloud: None) -> Any:
    """Looks at the executions of a state machine that does nothing: its own stack is tested on the local cloud."""
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
    other_tables: Any, neighbours: Neighbours, tasks: Tasks, stripe: Gateway, machine: Any, api: Any
) -> Shop:
    """The shop around the orchestrator: a catalogue, customers, and order-service as far as it is asked."""
    other_tables("Orders", "Carts", "Users")
    shop = Shop(stripe, neighbours, tasks, machine, api)
    shop.knows(JIMMY, "jimmy@example.com", "Jimmy Patel", phone="+4915112345")
    aws.client("ses").verify_email_identity(EmailAddress="shop@shop.example")
    return shop


@pytest.fixture
def jimmy(tokens: Any) -> str:
    return tokens.customer()


@pytest.fixture
def books(shop: Shop, other_tables: Any, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """The books of all who have a part in an order: a shop with eight bowls, and the tables of other services."""
    other_tables("Reservations", "Inventory", "EventLogs")
    ledger = Ledger(shop, monkeypatch)
    ledger.supplied(available=8)
    return ledger
