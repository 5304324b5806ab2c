"""Valid and invalid requests from the OpenAPI document, sent to a running shop."""

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from devcloud.shop import Shop
from docgen.openapi.shop import SHOP
from tests.support.actors import Account, Admin, Customer

EXAMPLES_OF_EACH_ROUTE = 8
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

document = schemathesis.openapi.from_path(SHOP)
# Every boundary of every field takes minutes. The services' own tests cover them.
document.config.phases.coverage.enabled = False


class Callers:
    """A customer per route of accounts and orders, one for all others, and an admin."""

    def __init__(self, shop: Shop, admin: Admin) -> None:
        self._shop, self._admin = shop, admin
        self._customers: dict[str, Customer] = {}
        self._resources: dict[tuple[str, str], str] = {}

    def caller_of(self, operation: Any) -> Account:
        """The account that calls this route."""
        if "InsufficientScope" in str(operation.definition.raw["responses"].get("403")):
            return self._admin
        is_own = operation.path.startswith(("/user", "/order", "/checkout"))
        name = operation.label if is_own else "anybody"
        if name not in self._customers:
            self._customers[name] = Customer.register(self._shop.url)
        return self._customers[name]

    def resource(self, operation: Any, name: str) -> str:
        """A product, or an order, for each route its own."""
        if (operation.label, name) not in self._resources:
            product = self._admin.create_product(name="Protein Bowl", price=12.99, stock=1000)
            order = name == "orderId"
            resource_id = self._buyer(operation).order(product) if order else product
            self._resources[operation.label, name] = resource_id
        return self._resources[operation.label, name]

    def _buyer(self, operation: Any) -> Customer:
        """The caller, or for a route of staff a customer: nobody has many unpaid orders."""
        caller = self.caller_of(operation)
        if isinstance(caller, Customer):
            return caller
        return self._customers.setdefault(
            f"buyer of {operation.label}", Customer.register(self._shop.url)
        )

    def close(self) -> None:
        """Close all connections."""
        for person in (self._admin, *self._customers.values()):
            person.close()


@pytest.fixture(scope="module")
def callers(shop: Shop) -> Iterator[Callers]:
    accounts = Callers(shop, Admin.log_in(shop.url, shop.admin_email, shop.admin_password))
    yield accounts
    accounts.close()


@document.parametrize()
@settings(
    max_examples=EXAMPLES_OF_EACH_ROUTE,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_route_responds_as_documented(
    case: schemathesis.Case, shop: Shop, callers: Callers
) -> None:
    def resource(name: str) -> str:
        return callers.resource(case.operation, name)

    case.path_parameters = {
        name: quote(resource(name), safe="") if is_replaced(name, value) else value
        for name, value in (case.path_parameters or {}).items()
    }
    case.body = with_real_ids(case.body, resource)
    token = {"Authorization": callers.caller_of(case.operation).http.headers["Authorization"]}
    case.call_and_validate(base_url=shop.url, headers=token, checks=CHECKS, timeout=40)


def test_a_line_break_in_a_path_reaches_the_service(jimmy: Customer) -> None:
    answer = jimmy.http.patch("/cart/%0A", json={"quantity": 3})

    assert (answer.status_code, answer.json()["Code"]) == (400, "InvalidId")


def with_real_ids(body: Any, resource: Callable[[str], str]) -> Any:
    """The body with about half of its generated ids replaced by existing ones."""
    if isinstance(body, list):
        return [with_real_ids(part, resource) for part in body]
    if not isinstance(body, dict):
        return body
    return {
        name: resource(name) if is_replaced(name, value) else with_real_ids(value, resource)
        for name, value in body.items()
    }


def is_replaced(name: str, value: Any) -> bool:
    return name in ("productId", "orderId") and isinstance(value, str) and len(value) % 2 == 0
