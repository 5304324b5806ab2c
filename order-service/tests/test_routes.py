"""What holds for the service as a whole."""

from chalicelib.orders.statuses import PAID_STATUSES, TRANSITIONS, OrderStatus, statuses_before

ENDS = {OrderStatus.CONFIRMED, OrderStatus.FAILED, OrderStatus.EXPIRED, OrderStatus.CANCELLED}
PUBLIC = {("POST", "/order/quote")}


def test_every_route_but_the_public_ones_has_the_authorizer(api):
    without_authorizer = {
        (method, path)
        for path, methods in api.app.routes.items()
        for method, route in methods.items()
        if route.authorizer is None
    }

    assert without_authorizer == PUBLIC


def test_without_a_valid_token_every_route_rejects(api, tokens):
    for method, path in (
        ("POST", "/order"),
        ("GET", "/orders"),
        ("GET", "/order/ORDER%231"),
        ("POST", "/order/ORDER%231/cancel"),
        ("POST", "/order/ORDER%231/refund"),
    ):
        for token in (None, "forged.token.here"):
            response = api.request(method, path, {}, token, None)
            assert response.status_code in (401, 403), (method, path, token)


def test_an_order_ends_once():
    assert TRANSITIONS[OrderStatus.CREATED] == ENDS
    assert all(not TRANSITIONS[status] for status in ENDS - {OrderStatus.CONFIRMED})
    assert all(statuses_before(status) == [OrderStatus.CREATED] for status in ENDS)


def test_only_a_paid_order_is_refunded_and_stays_paid():
    assert all(TRANSITIONS[status] <= PAID_STATUSES for status in PAID_STATUSES)
    refunded = PAID_STATUSES - {OrderStatus.CONFIRMED}
    assert all(set(statuses_before(status)) <= PAID_STATUSES for status in refunded)
