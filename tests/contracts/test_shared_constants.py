"""Constants of a table's owner that read models of other services rely on."""

import importlib
import json
import sys
from typing import Any

import pytest
import yaml

from delivery.cfn import CloudFormation
from delivery.paths import ROOT, SERVICES

ORDERS = "order-service: chalicelib.orders"
PRODUCTS = "product-service: chalicelib.products"
INVENTORY = "product-service: chalicelib.inventory"
PAYMENTS = "checkout-orchestrator: chalicelib.payments"
READ_BY_CHECKOUT = "checkout-orchestrator: chalicelib.readmodels"
READ_BY_ANALYTICS = "analytics-service: chalicelib.analytics.stream_changes"

# The owner's constant, and the reader's copy of it.
SAME = [
    (f"{ORDERS}.models.DAY_SHARDS", f"{READ_BY_CHECKOUT}.orders.DAY_SHARDS"),
    (f"{ORDERS}.offers.OFFER_SECONDS", f"{READ_BY_CHECKOUT}.orders.OFFER_SECONDS"),
    (f"{ORDERS}.statuses.PAID_STATUSES", f"{READ_BY_CHECKOUT}.orders.PAID_STATUSES"),
    (f"{ORDERS}.statuses.OrderStatus", f"{READ_BY_CHECKOUT}.orders.OrderStatus"),
    (f"{ORDERS}.statuses.RefundStatus", f"{READ_BY_CHECKOUT}.orders.RefundStatus"),
    (f"{ORDERS}.statuses.OrderStatus", f"{READ_BY_ANALYTICS}.ORDER_EVENTS"),
    (f"{ORDERS}.statuses.RefundStatus.DONE", f"{READ_BY_ANALYTICS}.REFUND_DONE"),
    (f"{ORDERS}.schemas.MAX_LINES", f"{INVENTORY}.schemas.MAX_LINES"),
    (f"{PRODUCTS}.statuses.ProductStatus.ACTIVE", f"{ORDERS}.readmodels.ACTIVE"),
    (
        "checkout-orchestrator: chalicelib.payments.models.PaymentStatus.FAILED",
        f"{READ_BY_CHECKOUT}.payments.DECLINED",
    ),
    (
        f"{PRODUCTS}.statuses.ProductStatus.ACTIVE",
        "cart-service: chalicelib.carts.readmodels.ACTIVE",
    ),
    (f"{INVENTORY}.models.EXPIRY_KEYS", f"{READ_BY_CHECKOUT}.inventory.EXPIRY_KEYS"),
    (
        "analytics-service: chalicelib.analytics.event_types.EventType.ORDER_COMPLETED",
        f"{READ_BY_CHECKOUT}.event_logs.ORDER_COMPLETED",
    ),
]
# Readers that know some of the owner's values: the others mean nothing to them.
PART = [
    (f"{INVENTORY}.models.ReservationStatus", f"{READ_BY_CHECKOUT}.inventory.ReservationStatus"),
    (f"{PAYMENTS}.models.PaymentStatus", f"{READ_BY_ANALYTICS}.PAYMENT_EVENTS"),
]


@pytest.fixture(scope="module", autouse=True)
def _all_services_on_the_path():
    """Packages of services have different names: one process can import them all."""
    paths = [str(ROOT / service) for service in SERVICES]
    sys.path[:0] = paths
    importlib.invalidate_caches()
    yield
    for path in paths:
        sys.path.remove(path)


def value_of(place: str) -> Any:
    """The constant at `service: chalicelib.package.module.NAME`, or its values."""
    *module, name = place.partition(": ")[2].split(".", 3)
    value: Any = importlib.import_module(".".join(module))
    for attribute in name.split("."):
        value = getattr(value, attribute)
    return value if isinstance(value, int | str) else {str(member) for member in value}


@pytest.mark.parametrize(("owner", "reader"), SAME)
def test_a_reader_has_the_owners_constant(owner, reader):
    assert value_of(reader) == value_of(owner)


@pytest.mark.parametrize(("owner", "reader"), PART)
def test_a_reader_knows_only_values_of_the_owner(owner, reader):
    assert value_of(reader) <= value_of(owner)


def test_a_suppressed_address_is_found_under_the_key_of_its_owner():
    keys = {
        importlib.import_module(module).SuppressedAddress.key_for(" Jane@example.com")
        for module in ("chalicelib.mails.suppressions", "chalicelib.readmodels.users")
    }

    assert len(keys) == 1


def test_orders_are_refused_below_the_minimum_of_their_gateway():
    limits = importlib.import_module("chalicelib.payments.gateways.limits")
    gateway_of = importlib.import_module("chalicelib.payments.gateways.registry").gateway_name_for
    ordered = importlib.import_module("chalicelib.orders.payment_limits").MIN_MINOR

    assert ordered == {
        method: {name: limits.MIN_MINOR[gateway_of(method)][name] for name in currencies}
        for method, currencies in limits.CURRENCIES_OF.items()
    }


def test_a_reservation_outlives_the_longest_wait_within_the_offer():
    template = yaml.load(
        (ROOT / "checkout-orchestrator" / "state-machine.yml").read_text(), CloudFormation
    )
    waits = [template["Parameters"][name] for name in ("GatewayWait", "PaymentWait")]
    offer = value_of(f"{ORDERS}.offers.OFFER_SECONDS")
    reservation = value_of(f"{INVENTORY}.transitions.RESERVATION_SECONDS")

    assert sum(wait["Default"] for wait in waits) < offer
    assert all(wait["MaxValue"] < offer for wait in waits)
    # After the last wait: CheckPayment and UpdateInventory, each with its time limit.
    assert reservation >= offer + 60


@pytest.mark.parametrize("stage", ["local", "dev", "prod"])
def test_a_stage_reserves_for_longer_than_its_orders_can_be_paid(stage):
    offer = int(_setting("order-service", stage, "OFFER_SECONDS"))

    assert int(_setting("product-service", stage, "RESERVATION_SECONDS")) >= offer + 60


def _setting(service: str, stage: str, name: str) -> str:
    config = json.loads((ROOT / service / ".chalice" / "config.json").read_text())
    values = config["environment_variables"]
    values |= config["stages"][stage].get("environment_variables", {})
    value: str = values[name]
    return value


def test_an_order_is_found_under_the_shards_that_its_reader_queries():
    models = importlib.import_module("chalicelib.orders.models")
    count = value_of(f"{READ_BY_CHECKOUT}.orders.DAY_SHARDS")

    placed_at = "2025-10-13T14:10:00.000Z"
    shards = {models.day_shard(f"ORDER#{number}", placed_at) for number in range(200)}

    assert shards == {f"2025-10-13#{shard}" for shard in range(count)}
