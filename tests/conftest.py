from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from delivery.paths import ROOT
from devcloud import machine
from devcloud import shop as local
from devcloud.faults import Faults
from tests.support.actors import Admin, Customer
from tests.support.ports import claim_ports
from tests.support.probe import ShopProbe

machine.prepare()

# Some tests kill consumers: the messages that those held are redelivered after this time.
VISIBILITY_SECONDS = 6


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    """Fault injection into the shop's Lambdas: none until a test plans one."""
    return Faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, faults: Faults) -> Iterator[local.Shop]:
    """The whole shop, on free ports and in a folder of its own."""
    directory = tmp_path_factory.mktemp("shop")
    running = local.start(directory, claim_ports(), sfn_wait_scale=0.1, faults=faults.directory)
    ShopProbe(running).set_visibility_timeouts(VISIBILITY_SECONDS)
    yield running
    running.stop()


@pytest.fixture
def probe(shop: local.Shop) -> ShopProbe:
    """Reads tables, queues, mails and the fake gateways' ledgers."""
    return ShopProbe(shop)


@pytest.fixture
def customer(shop: local.Shop) -> Iterator[Callable[[], Customer]]:
    """Registers a new customer at each call, and logs them in."""
    customers: list[Customer] = []

    def register() -> Customer:
        customers.append(Customer.register(shop.url))
        return customers[-1]

    yield register
    for person in customers:
        person.close()


@pytest.fixture
def jimmy(customer: Callable[[], Customer]) -> Customer:
    return customer()


@pytest.fixture
def admin(shop: local.Shop) -> Iterator[Admin]:
    person = Admin.log_in(shop.url, shop.admin_email, shop.admin_password)
    yield person
    person.close()


@pytest.fixture
def bowl(admin: Admin) -> str:
    """The id of a new product for each test: 12.99 USD, five in stock."""
    return admin.create_product(
        name="Protein Bowl", price=12.99, description="High-protein meal", stock=5
    )


@pytest.fixture(scope="session")
def wheels() -> Path:
    """The folder of wheels that all builds share, as fetching them needs the network."""
    folder = ROOT / "build" / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
