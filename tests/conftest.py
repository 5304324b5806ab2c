import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from devcloud import machine
from devcloud import shop as local
from devcloud.faults import Faults
from tests.support.actors import Admin, Customer
from tests.support.probe import Sight

machine.prepare()


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    """What goes wrong between the shop's Lambdas and the world: nothing, until a test plans it."""
    return Faults(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory, faults: Faults) -> Iterator[local.Shop]:
    """The whole shop on free ports and in a folder of its own: it neither needs nor disturbs a running one.

    Its messages come again soon: some tests kill consumers, and the next ones should not wait minutes for what those held.
    """
    directory = tmp_path_factory.mktemp("shop")
    running = local.start(directory, free_ports(), sfn_wait_scale=0.1, faults=faults.directory)
    Sight(running).let_messages_come_again_after(seconds=6)
    yield running
    running.stop()


@pytest.fixture
def sight(shop: local.Shop) -> Sight:
    """What anybody may look at: tables, queues, mails, and the gateway's own books."""
    return Sight(shop)


@pytest.fixture
def customer(shop: local.Shop) -> Iterator[Callable[[], Customer]]:
    """Registers a new customer at each call, and logs them in."""
    people: list[Customer] = []

    def arrive() -> Customer:
        people.append(Customer.registered(shop.url))
        return people[-1]

    yield arrive
    for person in people:
        person.leave()


@pytest.fixture
def jimmy(customer: Callable[[], Customer]) -> Customer:
    return customer()


@pytest.fixture
def admin(shop: local.Shop) -> Iterator[Admin]:
    person = Admin.logged_in(shop.url, shop.admin_email, shop.admin_password)
    yield person
    person.leave()


@pytest.fixture
def bowl(admin: Admin) -> str:
    """A product of its own for each test: 12.99 USD, five in stock."""
    return admin.supply(name="Protein Bowl", price=12.99, description="High-protein meal", stock=5)


@pytest.fixture(scope="session")
def wheels() -> Path:
    """The folder of wheels that all builds share, as fetching them needs the network."""
    kept = ROOT / "build" / "wheels"
    kept.mkdir(parents=True, exist_ok=True)
    return kept


def free_ports() -> int:
    """The first of four neighbouring ports that nobody listens on; they are this process's until it ends."""
    for first in range(18100, 18900, 10):
        if claim(first + 9) and all(is_free(first + offset) for offset in range(4)):
            return first
    raise RuntimeError("no four neighbouring ports are free between 18100 and 18900")


def claim(port: int) -> bool:
    """Whether this process, and no other that starts a shop at the same moment, has the port."""
    claimed = socket.socket()
    try:
        claimed.bind(("127.0.0.1", port))
    except OSError:
        claimed.close()
        return False
    _claims.append(claimed)
    return True


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


ROOT = Path(__file__).parents[1]
_claims: list[socket.socket] = []  # kept open
