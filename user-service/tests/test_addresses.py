"""A customer's address book."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.addresses.errors import MAX_ADDRESSES

HOME = {
    "name": "Jimmy",
    "line1": "1 Main Street",
    "city": "Cupertino",
    "region": "CA",
    "postalCode": "95014",
    "country": "US",
}


class Book:
    """The address book of the bearer of a token."""

    def __init__(self, shop: Any, token: str) -> None:
        self.shop, self.token = shop, token

    def add(self, key: str | None = None, **changes: Any) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        return self.shop.post("/user/addresses", {**HOME, **changes}, self.token, headers)

    def change(self, address_id: str, **changes: Any) -> Any:
        return self.shop.patch(path(address_id), changes, self.token)

    def remove(self, address_id: str) -> Any:
        return self.shop.delete(path(address_id), self.token)

    def show(self) -> Any:
        return self.shop.get("/user/addresses", self.token).json_body

    def defaults(self, kind: str) -> list[str]:
        return [each["line1"] for each in self.show() if each[kind]]


def path(address_id: str) -> str:
    return f"/user/addresses/{quote(address_id, safe='')}"


@pytest.fixture
def book(shop, jimmy, access_token) -> Book:
    return Book(shop, access_token())


@pytest.fixture
def amys(shop, jimmy, access_token) -> Book:
    account = {"email": "amy@example.com", "password": "12345", "name": "Amy"}
    shop.post("/user/register", account)
    return Book(shop, access_token("amy@example.com", "12345"))


def test_an_address_is_listed_as_it_was_added(book):
    added = book.add(company="Acme", phone="+14155550123").json_body

    assert book.show() == [added]
    assert added.items() >= {**HOME, "company": "Acme", "phone": "+14155550123"}.items()
    assert added["addressId"].startswith("ADDR#")
    assert (added["isDefaultShipping"], added["isDefaultBilling"]) == (False, False)


def test_an_address_is_checked_by_the_rules_of_its_country(book):
    refused = book.add(postalCode="10001")

    assert refused.status_code == 400
    assert refused.json_body["Message"].startswith("postalCode: '10001' is not in the state CA")
    assert book.show() == []


def test_a_default_moves_to_the_address_that_is_made_one(book):
    first = book.add(line1="first", isDefaultShipping=True, isDefaultBilling=True).json_body
    second = book.add(line1="second", isDefaultShipping=True).json_body

    assert book.defaults("isDefaultShipping") == ["second"]
    assert book.defaults("isDefaultBilling") == ["first"]
    assert book.change(first["addressId"], isDefaultShipping=True).json_body["isDefaultShipping"]
    assert book.defaults("isDefaultShipping") == ["first"]
    book.change(second["addressId"], isDefaultShipping=False)
    assert book.defaults("isDefaultShipping") == ["first"]
    book.change(first["addressId"], isDefaultShipping=False)
    assert book.defaults("isDefaultShipping") == []


def test_a_change_keeps_what_it_does_not_name(book):
    home = book.add(line2="c/o Amy").json_body

    changed = book.change(home["addressId"], line1="2 Main Street", line2=None).json_body

    expected = {**home, "line1": "2 Main Street"}
    del expected["line2"]
    assert changed == expected
    assert book.show() == [changed]


def test_a_change_is_checked_with_the_rest_of_the_address(book):
    home = book.add().json_body

    refused = book.change(home["addressId"], region="NY")

    assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody")
    assert book.change(home["addressId"], postalCode="0").status_code == 400
    assert book.show() == [home]


def test_a_removed_address_is_gone_and_no_default(book):
    home = book.add(isDefaultShipping=True).json_body["addressId"]

    assert [book.remove(home).status_code for _ in range(2)] == [200, 200]
    assert book.show() == []
    assert book.change(home, line1="x").json_body["Code"] == "AddressNotFound"


def test_a_repeat_with_its_key_adds_nothing(book):
    first, again = (book.add(key="k", line1="first").json_body for _ in range(2))

    assert first == again
    assert book.show() == [first]
    assert book.add(key="k", line1="another").json_body["Code"] == "AddressKeyReused"


def test_an_address_book_is_bounded(book):
    for number in range(MAX_ADDRESSES):
        assert book.add(line1=f"{number} Main Street").status_code == 201

    assert book.add().json_body["Code"] == "TooManyAddresses"
    assert len(book.show()) == MAX_ADDRESSES
    book.remove(book.show()[0]["addressId"])
    assert book.add().status_code == 201


def test_of_concurrent_defaults_one_remains(book):
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda n: book.add(line1=str(n), isDefaultShipping=True), range(8)))

    stored = [answer for answer in added if answer.status_code == 201]
    assert len(book.show()) == len(stored) >= 1
    assert {answer.status_code for answer in added} <= {201, 503}
    assert len(book.defaults("isDefaultShipping")) == 1


def test_nobody_sees_or_changes_anothers_addresses(book, amys):
    home = book.add().json_body

    assert amys.show() == []
    assert amys.change(home["addressId"], line1="Mine").status_code == 404
    amys.remove(home["addressId"])
    assert book.show() == [home]


def test_addresses_are_exported_and_erased_with_the_account(shop, book, jimmy):
    home = book.add().json_body
    exported = shop.get("/user/export", book.token).json_body

    assert exported["addresses"] == [home]
    shop.request("DELETE", "/user", {"password": "12345"}, book.token, None)
    from chalicelib.addresses.models import AddressBook

    assert list(AddressBook.query(jimmy, consistent_read=True)) == []
