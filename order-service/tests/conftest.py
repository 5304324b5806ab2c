from collections.abc import Callable

import pytest
from tests.people import AMY, BOWL, SHAKE, Customer, Shelf, given_back

from testkit.service_client import Api
from testkit.tokens import JIMMY, Tokens


@pytest.fixture
def shelf(other_tables: Callable[..., None]) -> Shelf:
    """A bowl at 12.99 USD and a shake at 3.50 USD, fifty of each."""
    other_tables("Products", "Inventory")
    stocked = Shelf()
    stocked.supply(BOWL)
    stocked.supply(SHAKE, price_minor=350, name="Shake")
    return stocked


@pytest.fixture
def jimmy(api: Api, tokens: Tokens, shelf: Shelf) -> Customer:
    return Customer(api, tokens.customer(JIMMY))


@pytest.fixture
def amy(api: Api, tokens: Tokens, shelf: Shelf) -> Customer:
    return Customer(api, tokens.customer(AMY, "amy@example.com"))


@pytest.fixture
def admin(api: Api, tokens: Tokens, shelf: Shelf) -> Customer:
    return Customer(api, tokens.admin())


@pytest.fixture
def order(jimmy: Customer) -> str:
    """Jimmy's order of two bowls, CREATED; its id."""
    return jimmy.order((BOWL, 2), paymentMethod="pm_card_visa").json_body["orderId"]


@pytest.fixture
def confirmed(api: Api, order: str) -> str:
    """Jimmy's order, paid."""
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})
    return order


@pytest.fixture
def bought(api: Api, jimmy: Customer) -> str:
    """Jimmy's order of two bowls and three shakes for 36.48 USD, paid."""
    order_id = jimmy.order((BOWL, 2), (SHAKE, 3)).json_body["orderId"]
    api.invoke("create-order-record", {"orderId": order_id, "paymentId": "PAY#2001"})
    return order_id


@pytest.fixture
def give_back(api: Api) -> Callable[..., None]:
    """Tells the shop that a refund's amount was given back at the payment gateway."""
    return lambda *refunds: api.sqs(
        "on-payment-refunded", [given_back(refund) for refund in refunds]
    )
