"""An order is sent to another address, while nothing of it was shipped."""

from urllib.parse import quote

import pytest
from moto.dynamodb.models import DynamoDBBackend
from order_actors import Customer, error_of
from order_factories import BOWL, row, store_address
from price_factories import ADDRESS, BERLIN, CALIFORNIA, PARCEL_US

from common.roles import Role
from testkit.events import Bus
from testkit.service_client import stream_records
from testkit.tokens import AMY, JIMMY

OAKLAND = {**ADDRESS, "line1": "2 Broadway", "city": "Oakland", "postalCode": "94607"}
STORED = {**OAKLAND, "region": "CA", "country": "US"}
ALBANY = {**ADDRESS, "city": "Albany", "region": "NY", "postalCode": "12207"}
HOME = "ADDR#01JA2M9Q6T0000000000000000"


class Correspondent(Customer):
    """A person who changes addresses of orders."""

    def send_to(self, order_id, address=OAKLAND, **body):
        path = f"/order/{quote(order_id, safe='')}/shipping-address"
        return self.api.patch(path, body or {"shippingAddress": address}, self.token)


@pytest.fixture
def jimmy(api, tokens, catalogue):
    return Correspondent(api, tokens.customer(JIMMY))


@pytest.fixture
def support(api, tokens, catalogue):
    return Correspondent(api, tokens.staff(Role.SUPPORT))


@pytest.fixture
def method(staff):
    """The shop ships to the US, and collects California's tax."""
    staff.create("/tax-rates", CALIFORNIA)
    return staff.create("/shipping-methods", PARCEL_US).json_body["methodId"]


@pytest.fixture
def order(jimmy, method):
    """The id of Jimmy's order of two bowls to San Francisco."""
    return jimmy.order((BOWL, 2), shippingAddress=ADDRESS).json_body["orderId"]


@pytest.fixture
def ship(api, admin):
    """Ship all of an order."""

    def send(order_id):
        path = f"/order/{quote(order_id, safe='')}/shipments"
        key = {"Idempotency-Key": "parcel"}
        return api.post(path, {"carrier": "DHL"}, admin.token, key)

    return send


def sent_to(order_id):
    return row(order_id)["shippingAddress"]["city"]


@pytest.mark.parametrize("is_paid", [False, True])
def test_a_customer_corrects_the_address_of_an_order(api, jimmy, order, is_paid):
    if is_paid:
        api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})
    before = jimmy.get(order).json_body

    changed = jimmy.send_to(order)

    assert changed.status_code == 200
    assert changed.json_body == jimmy.get(order).json_body
    assert changed.json_body["shippingAddress"] == STORED
    same = before.keys() - {"shippingAddress", "updatedAt"}
    assert {name: changed.json_body[name] for name in same} == {name: before[name] for name in same}


def test_the_row_keeps_who_changed_the_address_and_the_one_before(jimmy, order):
    jimmy.send_to(order)

    (change,) = row(order)["addressChanges"]
    assert (change["changedBy"], change["before"]["city"]) == (JIMMY, "San Francisco")


def test_a_repeated_change_changes_nothing(jimmy, order, ship, confirmed):
    first = jimmy.send_to(order)
    stored = row(order)

    assert jimmy.send_to(order).json_body == first.json_body
    assert row(order) == stored
    ship(order)
    assert jimmy.send_to(order).status_code == 200


def test_an_order_is_sent_to_an_address_of_its_customers_book(jimmy, support, order):
    store_address(HOME, **STORED)

    assert support.send_to(order, addressId=HOME).status_code == 200
    assert sent_to(order) == "Oakland"


@pytest.mark.parametrize("address_id", [HOME, "ADDR#01JA2M9Q6T0000000000000001"])
def test_no_order_is_sent_to_an_address_of_another_book(jimmy, order, address_id):
    store_address(HOME, AMY, **STORED)

    assert error_of(jimmy.send_to(order, addressId=address_id)) == (404, "AddressNotFound")
    assert sent_to(order) == "San Francisco"


def test_another_customer_changes_no_address(api, tokens, order):
    amy = Correspondent(api, tokens.customer(AMY, "amy@example.com"))

    assert error_of(amy.send_to(order)) == (404, "OrderNotFound")
    warehouse = Correspondent(api, tokens.staff(Role.WAREHOUSE))
    assert error_of(warehouse.send_to(order)) == (403, "InsufficientScope")
    assert sent_to(order) == "San Francisco"


def test_a_change_by_staff_is_traced_without_the_address(api, bus: Bus, support, order):
    support.send_to(order)

    api.stream("announce-staff-acts", stream_records("OrderStaffActs"))
    acts = {event["detail"]["action"]: event for event in bus.events("StaffActed")}
    event = acts["changeShippingAddress"]
    (change,) = event["detail"]["changes"]
    assert change["key"] == order
    assert "before" in change
    assert "Oakland" not in str(event)
    assert "San Francisco" not in str(event)


def test_each_change_is_published_once_without_the_address(api, bus: Bus, jimmy, order):
    jimmy.send_to(order)
    jimmy.send_to(order)
    jimmy.send_to(order, {**OAKLAND, "line1": "3 Broadway"})

    for _ in range(2):
        api.stream("announce-orders", stream_records("Orders"))
    published = [event["detail"] for event in bus.events("OrderAddressChanged")]
    assert len({event["eventId"] for event in published}) == 2
    assert {(event["orderId"], event["userId"]) for event in published} == {(order, JIMMY)}
    assert "Broadway" not in str(published)


def test_the_address_of_an_order_that_was_shipped_stays(jimmy, order, confirmed, ship):
    ship(order)

    assert error_of(jimmy.send_to(order)) == (409, "OrderAlreadyShipped")
    assert sent_to(order) == "San Francisco"


@pytest.mark.parametrize("is_paid", [False, True])
def test_the_address_of_a_cancelled_order_stays(api, jimmy, order, is_paid):
    if is_paid:
        api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#2001"})
    jimmy.cancel(order)

    assert error_of(jimmy.send_to(order)) == (409, "OrderAlreadyEnded")
    assert sent_to(order) == "San Francisco"


@pytest.fixture
def before_next_update(monkeypatch):
    """Act right before the next update of a row, after all reads."""
    update = DynamoDBBackend.update_item

    def arrange(act):
        def act_first(self, *args, **kwargs):
            monkeypatch.setattr(DynamoDBBackend, "update_item", update)
            act()
            return update(self, *args, **kwargs)

        monkeypatch.setattr(DynamoDBBackend, "update_item", act_first)

    return arrange


def test_a_parcel_that_leaves_meanwhile_has_the_old_address(
    jimmy, order, confirmed, ship, before_next_update
):
    before_next_update(lambda: ship(order))

    assert error_of(jimmy.send_to(order)) == (409, "OrderAlreadyShipped")
    assert sent_to(order) == "San Francisco"
    assert "addressChanges" not in row(order)


def test_of_two_changes_at_once_none_is_lost(jimmy, order, before_next_update):
    before_next_update(lambda: jimmy.send_to(order))

    assert jimmy.send_to(order, {**OAKLAND, "line1": "3 Broadway"}).status_code == 200
    befores = [change["before"]["line1"] for change in row(order)["addressChanges"]]
    assert befores == ["1 Market Street", "2 Broadway"]


@pytest.mark.parametrize("address", [ALBANY, BERLIN])
def test_an_address_with_another_tax_or_without_shipping_is_refused(jimmy, order, address):
    refused = jimmy.send_to(order, address)

    assert error_of(refused) == (409, "AddressChangesPrice")
    assert "cancel the order and order again" in refused.json_body["Message"]
    assert sent_to(order) == "San Francisco"


def test_goods_that_are_not_shipped_there_keep_their_address(jimmy, order, catalogue, staff):
    (method,) = staff.list("/shipping-methods").json_body
    staff.change("/shipping-methods", method["methodId"], {"excludedTaxClasses": ["heavy"]})
    catalogue.put(BOWL, taxClass="heavy")

    assert error_of(jimmy.send_to(order)) == (409, "AddressChangesPrice")


def test_the_rate_of_the_goods_class_counts(jimmy, order, catalogue, staff):
    catalogue.put(BOWL, taxClass="food")
    staff.create("/tax-rates", {**CALIFORNIA, "region": "NY"})
    assert jimmy.send_to(order, ALBANY).status_code == 200
    food = {"taxClass": "food", "percent": 1}
    staff.create("/tax-rates", {**CALIFORNIA, **food})

    assert error_of(jimmy.send_to(order, OAKLAND)) == (409, "AddressChangesPrice")


def test_without_its_method_an_order_moves_within_its_postal_code(jimmy, order, method, staff):
    staff.delete("/shipping-methods", method)

    assert error_of(jimmy.send_to(order)) == (409, "AddressChangesPrice")
    assert jimmy.send_to(order, {**ADDRESS, "line1": "2 Market Street"}).status_code == 200


def test_an_order_without_an_address_gets_none(jimmy, method):
    order_id = jimmy.order((BOWL, 1)).json_body["orderId"]

    assert error_of(jimmy.send_to(order_id)) == (409, "AddressChangesPrice")


@pytest.mark.parametrize("body", [{"note": "none"}, {"shippingAddress": ADDRESS, "addressId": "A"}])
def test_a_change_names_one_address(jimmy, order, body):
    refused = jimmy.send_to(order, **body)

    assert error_of(refused) == (400, "InvalidBody")
    assert "addressId" in refused.json_body["Message"]


def test_an_address_is_not_changed_without_end(jimmy, order):
    for number in range(20):
        answer = jimmy.send_to(order, {**ADDRESS, "line1": f"{number + 2} Market Street"})
        assert answer.status_code == 200

    assert error_of(jimmy.send_to(order)) == (409, "TooManyAddressChanges")
