"""What staff do to orders leaves a trace, in the same transaction."""

from collections.abc import Callable
from typing import Any

import boto3
import pytest
from order_actors import Customer
from order_factories import BOWL, Catalogue

from common.roles import Role
from testkit.events import Bus
from testkit.service_client import Api, stream_records
from testkit.tokens import STAFF, Tokens

TABLE = "OrderStaffActs"


@pytest.fixture
def support(api: Api, tokens: Tokens, catalogue: Catalogue) -> Customer:
    return Customer(api, tokens.staff(Role.SUPPORT))


@pytest.fixture
def publish(api: Api, bus: Bus) -> Callable[[], list[dict[str, Any]]]:
    """Deliver the stream of the acts. Returns all StaffActed events until now."""

    def deliver() -> list[dict[str, Any]]:
        api.stream("announce-staff-acts", stream_records(TABLE))
        return bus.events("StaffActed")

    return deliver


def stored() -> list[dict[str, Any]]:
    return boto3.resource("dynamodb").Table(TABLE).scan()["Items"]


def test_a_cancellation_by_support_is_published_with_before_and_after(support, order, publish):
    support.cancel(order)

    (event,) = publish()
    detail = event["detail"]
    assert (detail["userId"], detail["role"], detail["scope"]) == (STAFF, "support", "orders:write")
    assert detail["action"] == "cancelOrder"
    (change,) = detail["changes"]
    assert (change["table"], change["key"]) == ("Orders", order)
    assert (change["before"]["status"], change["after"]["status"]) == ("CREATED", "CANCELLED")


def test_a_repeated_cancellation_is_one_act(support, order):
    support.cancel(order)
    support.cancel(order)

    assert len(stored()) == 1


def test_acts_that_are_delivered_twice_are_one_event(support, order, publish):
    support.cancel(order)

    publish()
    first, second = publish()
    assert first["detail"] == second["detail"]


def test_what_customers_do_is_no_act_of_staff(jimmy, order):
    jimmy.cancel(order)

    assert stored() == []


def test_staff_who_only_look_leave_no_act(support, order):
    support.get(order)

    assert stored() == []


def test_a_refused_act_leaves_none(api, tokens, order):
    warehouse = Customer(api, tokens.staff(Role.WAREHOUSE))

    assert warehouse.cancel(order).status_code == 403
    assert stored() == []


def test_an_order_that_staff_place_for_a_customer_is_an_act(support):
    placed = support.order((BOWL, 1), userId="USER#01AMY").json_body["orderId"]

    (act,) = stored()
    assert placed in act["changes"]
    assert act["action"] == "createOrder"


def test_an_act_shows_no_payment_method(support):
    support.order((BOWL, 1), userId="USER#01AMY", paymentMethod="pm_card_visa")

    (act,) = stored()
    assert "pm_card_visa" not in act["changes"]


def test_an_act_that_cannot_be_stored_changes_nothing(support, order):
    boto3.client("dynamodb").delete_table(TableName=TABLE)

    assert support.cancel(order).status_code >= 500
    assert support.get(order).json_body["status"] == "CREATED"


def test_the_saga_after_an_act_of_staff_is_none_of_it(api, admin, order):
    admin.refund(order)  # refused, after the scope was used
    api.invoke("create-order-record", {"orderId": order, "paymentId": "PAY#1"})

    assert stored() == []


def test_a_cancellation_among_endless_conflicts_is_refused_as_retryable(
    support, order, endless_conflicts
):
    endless_conflicts()

    answer = support.cancel(order)

    assert (answer.status_code, answer.json_body["Code"]) == (503, "OrderContended")
    assert support.get(order).json_body["status"] == "CREATED"


def test_a_refund_among_endless_conflicts_is_refused_as_retryable(admin, paid, endless_conflicts):
    endless_conflicts()

    answer = admin.refund(paid)

    assert (answer.status_code, answer.json_body["Code"]) == (503, "OrderContended")
