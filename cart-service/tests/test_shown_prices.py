"""The cart remembers the price that its customer saw last."""

from tables import BOWL, row

from chalicelib.carts import readmodels
from testkit.tokens import JIMMY


def shown(user_id=JIMMY, product_id=BOWL):
    return row(user_id, product_id).get("shownPriceMinor")


def test_a_product_is_put_into_the_cart_at_the_price_that_it_was_seen(jimmy, bowl):
    jimmy.add(bowl)

    assert shown() == 1299


def test_reading_the_cart_shows_the_new_price(jimmy, sell, bowl):
    jimmy.add(bowl)
    before = jimmy.updated_at(bowl)
    sell(bowl, price_minor=99900)

    jimmy.read()

    assert shown() == 99900
    assert jimmy.updated_at(bowl) == before


def test_adding_more_does_not_show_the_cart(jimmy, sell, bowl):
    jimmy.add(bowl)
    sell(bowl, price_minor=99900)

    jimmy.add(bowl)
    jimmy.set_quantity(bowl, 5)

    assert shown() == 1299


def test_a_page_shows_only_its_own_lines(jimmy, sell):
    for product_id in ("PROD#1", "PROD#2"):
        jimmy.add(sell(product_id))
        sell(product_id, price_minor=99900)

    jimmy.read("?limit=1")

    assert (shown(product_id="PROD#1"), shown(product_id="PROD#2")) == (99900, 1299)


def test_a_cart_read_by_staff_was_not_shown_to_its_customer(jimmy, admin, sell, bowl):
    jimmy.add(bowl)
    sell(bowl, price_minor=99900)

    assert admin.read(f"?userId={JIMMY.replace('#', '%23')}").json_body[0]["price"] == 999

    assert shown() == 1299


def test_an_item_that_is_removed_meanwhile_stays_removed(jimmy, sell, bowl, monkeypatch):
    jimmy.add(bowl)
    sell(bowl, price_minor=99900)
    find_products = readmodels.find_products

    def remove_and_find(product_ids):
        jimmy.remove(bowl)
        return find_products(product_ids)

    monkeypatch.setattr(readmodels, "find_products", remove_and_find)
    jimmy.read()

    assert row(JIMMY, bowl) == {}


def test_a_guests_price_comes_along_into_the_account(jimmy, guest, sell, bowl):
    guest.add(bowl)
    sell(bowl, price_minor=99900)

    jimmy.merge(guest.secret)

    assert shown() == 1299


def test_a_guest_reads_the_price_that_will_count(guest, sell, bowl):
    guest.add(bowl)
    sell(bowl, price_minor=99900)

    guest.read()

    assert shown(guest.owner_id) == 99900
