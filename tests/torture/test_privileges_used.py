"""What a Lambda may do, it does; and it does nothing else. Here, after all that torments the shop, because all that was done counts."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from queue import SimpleQueue
from typing import Any
from urllib.parse import quote

import pytest

from localcloud import reconcile
from tests.people import Customer, ok
from tests.privileges import done_by_aws, grants
from tests.torture.stories import (
    USUALLY,
    Shopper,
    Story,
    expires_before_it_is_paid,
    is_put_off_by_the_bank,
    leaves_work_to_the_queues,
)
from tests.torture.tormented import Tormented

_LANES = 6
# These change the shop for everybody in it.
_ALONE: tuple[Story, ...] = (is_put_off_by_the_bank, expires_before_it_is_paid, leaves_work_to_the_queues)
Access = tuple[str, str, str]

# What is allowed and not used by all that customers, admins and the shop itself do here: a pattern of "function action resource", and why.
ONLY_IN_TROUBLE: dict[str, str] = {}


@pytest.fixture(scope="module")
def accesses(tormented: Tormented) -> set[Access]:
    """All that was asked of AWS since the shop began, after every story was told and every route was called."""
    shoppers: SimpleQueue[Shopper] = SimpleQueue()
    for shopper in tormented.shoppers(_LANES):
        shoppers.put(shopper)

    def tell(story: Story) -> Any:
        shopper = shoppers.get()
        try:
            return story(shopper)
        finally:
            shoppers.put(shopper)

    with ThreadPoolExecutor(_LANES) as pool:
        told = list(pool.map(tell, [story for story in USUALLY if story not in _ALONE]))
    told += [tell(story) for story in _ALONE]
    tormented.must_hold([ended.order_id for ended in told])
    look_around(tormented)
    tormented.quiet()
    return tormented.faults.accesses() | done_by_aws()


def look_around(tormented: Tormented) -> None:
    """What the stories leave out: the catalogue, the cart, the account, the reports, and the check of the books."""
    customer = Customer.registered(tormented.shop.url)
    goods = tend_the_catalogue(tormented)
    change_the_cart(customer, goods)
    tend_the_account(tormented, customer)
    read_reports(tormented, customer)
    check_the_books(tormented)


def tend_the_catalogue(tormented: Tormented) -> str:
    admin = tormented.admin.http
    goods = tormented.supply(stock=5)
    path = f"/product/{quote(goods, safe='')}"
    ok(admin.patch(path, json={"price": 13.49}))
    ok(admin.put(f"{path}/stock", json={"stock": 7}))
    ok(admin.get(path))
    ok(admin.get("/products", params={"category": "none"}))
    ok(admin.get("/products"))
    archived = tormented.supply(stock=1)
    assert admin.delete(f"/product/{quote(archived, safe='')}").is_success
    return goods


def change_the_cart(customer: Customer, goods: str) -> None:
    customer.put_in_cart(goods)
    path = f"/cart/{quote(goods, safe='')}"
    assert customer.http.patch(path, json={"quantity": 2}).is_success
    customer.cart()
    assert customer.http.delete(path).is_success
    ok(customer.http.get("/orders"))


def tend_the_account(tormented: Tormented, customer: Customer) -> None:
    ok(customer.http.get("/user/profile"))


def read_reports(tormented: Tormented, customer: Customer) -> None:
    today = datetime.now(UTC).date().isoformat()
    tormented.admin.report(today)
    tormented.admin.events(customer.user_id)


def check_the_books(tormented: Tormented) -> None:
    reconcile.run(tormented.shop.cloud, day=datetime.now(UTC).date().isoformat(), settle=0, whole=True)


def test_a_lambda_does_what_it_is_allowed_to_and_nothing_else(accesses):
    allowed = grants()

    assert [
        " ".join(access) for access in sorted(accesses) if not any(one.covers(access) for one in allowed)
    ] == []


def test_what_is_allowed_is_used_or_has_a_reason(accesses):
    unused = [str(grant) for grant in grants() if not any(grant.covers(access) for access in accesses)]
    print("\n".join(unused))

    assert [grant for grant in unused if not any(fnmatchcase(grant, one) for one in ONLY_IN_TROUBLE)] == []
