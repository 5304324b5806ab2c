"""What holds for the service as a whole."""

from chalicelib.orders.models import (
    CANCELLED,
    CONFIRMED,
    CREATED,
    EXPIRED,
    FAILED,
    FOLLOWED_BY,
    PARTLY_REFUNDED,
    REFUNDED,
    before,
)

PUBLIC = set()  # nobody orders, or looks at orders, without an access token


def test_every_route_but_the_public_ones_asks_who_is_there(api):
    open_to_all = {
        (method, path)
        for path, methods in api.app.routes.items()
        for method, route in methods.items()
        if route.authorizer is None
    }

    assert open_to_all == PUBLIC


def test_without_a_token_to_be_believed_nothing_is_done(api, tokens):
    for method, path in (
        ("POST", "/order"),
        ("GET", "/orders"),
        ("GET", "/order/ORDER%231"),
        ("POST", "/order/ORDER%231/cancel"),
        ("POST", "/order/ORDER%231/refund"),
    ):
        for token in (None, "forged.token.here"):
            assert api.request(method, path, {}, token, None).status_code in (401, 403), (
                method,
                path,
                token,
            )


def test_an_order_ends_once():
    ends = {CONFIRMED, FAILED, EXPIRED, CANCELLED}

    assert set(FOLLOWED_BY[CREATED]) == ends
    assert all(FOLLOWED_BY[status] == () for status in ends - {CONFIRMED})
    assert all(before(status) == [CREATED] for status in ends)


def test_only_what_was_paid_is_refunded_and_it_never_becomes_anything_else():
    assert (
        set(FOLLOWED_BY[CONFIRMED])
        == set(FOLLOWED_BY[PARTLY_REFUNDED])
        == {PARTLY_REFUNDED, REFUNDED}
    )
    assert FOLLOWED_BY[REFUNDED] == ()
    assert before(PARTLY_REFUNDED) == before(REFUNDED) == [CONFIRMED, PARTLY_REFUNDED]
