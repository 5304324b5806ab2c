from collections.abc import Callable

import pytest
from order_actors import Customer, Support, Warehouse
from order_factories import BOWL, SHAKE, Catalogue, payment_refunded
from staff_actors import Staff

from common.roles import Role
from testkit.conflicts import cause_conflicts
from testkit.service_client import Api, stream_records
from testkit.tokens import AMY, JIMMY, Tokens


@pytest.fixture
def catalogue(other_tables: Callable[..., None]) -> Catalogue:
    """A bowl at 12.99 USD and a shake at 3.50 USD, fifty of each."""
    other_tables("Users", "Products", "Inventory", "Carts", "Addresses")
    catalogue = Catalogue()
    catalogue.put(BOWL)
    catalogue.put(SHAKE, price_minor=350, name="Shake")
    return catalogue


@pytest.fixture
def jimmy(api: Api, tokens: Tokens, catalogue: Catalogue) -> Customer:
    return Customer(api, tokens.customer(JIMMY))


@pytest.fixture
def amy(api: Api, tokens: Tokens, catalogue: Catalogue) -> Customer:
    return Customer(api, tokens.customer(AMY, "amy@example.com"))


@pytest.fixture
def admin(api: Api, tokens: Tokens, catalogue: Catalogue) -> Customer:
    return Customer(api, tokens.admin())


@pytest.fixture
def warehouse(api: Api, tokens: Tokens, catalogue: Catalogue) -> Warehouse:
    return Warehouse(api, tokens.staff(Role.WAREHOUSE))


@pytest.fixture
def support(api: Api, tokens: Tokens, catalogue: Catalogue) -> Support:
    return Support(api, tokens.staff(Role.SUPPORT))


@pytest.fixture
def order(jimmy: Customer) -> str:
    """The id of Jimmy's order of two bowls, CREATED."""
    return jimmy.order((BOWL, 2), paymentMethod="pm_card_visa").json_body["orderId"]


@pytest.fixture
def confirmed(api: Api, order: str) -> str:
    """The id of Jimmy's order of two bowls, paid."""
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})
    return order


@pytest.fixture
def paid(api: Api, jimmy: Customer) -> str:
    """The id of Jimmy's order of two bowls and three shakes for 36.48 USD, paid."""
    order_id = jimmy.order((BOWL, 2), (SHAKE, 3)).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#2001"})
    return order_id


@pytest.fixture
def shipped(paid: str, warehouse: Warehouse) -> str:
    """The id of that order, shipped in one parcel."""
    warehouse.ship(paid)
    return paid


@pytest.fixture
def announce(api: Api) -> Callable[[], None]:
    """Publish the events of all changes of orders."""
    return lambda: api.stream("announce-orders", stream_records("Orders"))


@pytest.fixture
def complete_refunds(api: Api) -> Callable[..., None]:
    """Deliver PaymentRefunded for each of the refunds, in one batch."""
    return lambda *refunds: api.sqs(
        "on-payment-refunded", [payment_refunded(refund) for refund in refunds]
    )


@pytest.fixture
def staff(api: Api, tokens: Tokens) -> Staff:
    return Staff(api, tokens.admin())


@pytest.fixture
def endless_conflicts(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on, each transaction conflicts with others."""
    conflict = cause_conflicts(monkeypatch)
    return lambda: conflict(10_000)
