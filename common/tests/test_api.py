import time
from decimal import Decimal

import pytest
from chalice import ConflictError, TooManyRequestsError
from chalice.test import Client

from common import log, schemas
from common.api import Api, Request
from common.pages import InvalidCursor, Page, decode_cursor, encode_cursor
from common.routes import Access
from common.schemas import Schema


class Line(Schema):
    product_id: str
    qty: int


class Purchase(Schema):
    price: Decimal
    lines: list[Line] = []


class Filter(Schema):
    limit: int = 50
    max_price: Decimal | None = None


class CursorQuery(Schema):
    cursor: str


class Later(TooManyRequestsError):
    description = "Too many requests."
    retry_after = 7


class SoldOut(ConflictError):
    description = "Sold out."


@pytest.fixture
def shop():
    api = Api("shop")

    @api.post(
        "/purchase",
        access=Access.PUBLIC,
        summary="Buy",
        body=Purchase,
        returns=Purchase,
        status=201,
        idempotency_key=True,
    )
    def purchase(request: Request[Purchase]) -> Purchase:
        return request.body

    @api.get("/goods", access=Access.PUBLIC, summary="List", query=Filter, returns=Page[Filter])
    def goods(request: Request[Filter]) -> Page[Filter]:
        return Page([request.query], encode_cursor({"id": {"S": "7"}}))

    @api.get(
        "/next",
        access=Access.PUBLIC,
        summary="Go on",
        query=CursorQuery,
        errors=[InvalidCursor],
        returns=dict,
    )
    def following(request: Request[CursorQuery]) -> dict:
        return decode_cursor(request.query.cursor)

    @api.get("/broken", access=Access.PUBLIC, summary="Break")
    def broken(request: Request[None]) -> None:
        raise ValueError("the database password is swordfish")

    @api.get("/later", access=Access.PUBLIC, summary="Refuse", errors=[Later])
    def later(request: Request[None]) -> None:
        raise Later("later")

    @api.get("/sold-out", access=Access.PUBLIC, summary="Refuse")
    def sold_out(request: Request[None]) -> None:
        raise SoldOut("sold out")

    @api.get("/now", access=Access.PUBLIC, summary="Answer nothing")
    def now(request: Request[None]) -> None:
        return None

    with Client(api.app) as client:
        yield client.http


JSON = {"Content-Type": "application/json"}


def post(shop, body, **headers):
    return shop.post(
        "/purchase", body=body, headers={"Content-Type": "application/json", **headers}
    )


def test_a_body_is_answered_in_camel_case_with_money_to_the_cent(shop):
    response = post(
        shop, b'{"price": 12.90, "lines": [{"productId": "P", "qty": 1}], "colour": "red"}'
    )

    assert response.status_code == 201
    assert response.body == b'{"price":12.90,"lines":[{"productId":"P","qty":1}]}'


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "price: this field is required"),
        (b"{}", "price: this field is required"),
        (b'{"price": "12"}', "price: expected `number`, got `str`"),
        (b'{"price": true}', "price: expected `decimal`, got `bool`"),
        (
            b'{"price": 1, "lines": [{"productId": "P", "qty": "2"}]}',
            "lines[0].qty: expected `int`, got `str`",
        ),
        (b'{"price": 1, "lines": [{"qty": 2}]}', "lines[0].productId: this field is required"),
        (b"[]", "expected `object`, got `array`"),
    ],
)
def test_a_wrong_body_is_refused_with_the_field_and_what_was_expected(shop, body, message):
    response = post(shop, body)

    assert response.status_code == 400
    assert response.json_body == {"Code": "InvalidBody", "Message": message}


@pytest.mark.parametrize(
    "malformed", [b"{", b"\xff\xfe", b'{"price": NaN}', b"hello", b'{"lines":' + b"[" * 100_000]
)
def test_a_body_that_is_not_json_is_refused_as_such(shop, malformed):
    response = post(shop, malformed)

    assert response.status_code == 400
    assert response.json_body["Code"] == "InvalidBody"


def test_a_query_is_read_by_its_types_and_the_next_page_is_announced(shop):
    response = shop.get("/goods?limit=3&maxPrice=1.50")

    assert response.body == b'[{"limit":3,"maxPrice":1.50}]'
    cursor = response.headers["X-Next-Cursor"]
    assert shop.get(f"/next?cursor={cursor}").json_body == {"id": {"S": "7"}}


def test_a_wrong_query_parameter_is_named(shop):
    response = shop.get("/goods?limit=many")

    assert (response.status_code, response.json_body["Code"]) == (400, "InvalidQuery")
    assert "limit" in response.json_body["Message"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/goods?page=2", "page: unknown query parameter; known are: limit, maxPrice"),
        ("/goods?limit=3&max_price=9", "max_price: unknown query parameter; known are:"),
        ("/goods?Limit=3", "Limit: unknown query parameter; known are:"),
        ("/goods?limit=3&limit=4", "limit: expected once, not 2 times"),
        ("/now?page=2", "page: unknown query parameter; known are: none"),
        (f"/now?{'x' * 5000}=2", f"{'x' * 50}: unknown query parameter"),
    ],
)
def test_a_query_that_would_be_ignored_is_refused_by_name(shop, path, message):
    response = shop.get(path)

    assert (response.status_code, response.json_body["Code"]) == (400, "InvalidQuery")
    assert response.json_body["Message"].startswith(message)


def test_a_query_of_a_route_with_a_body_is_refused(shop):
    refused = shop.post("/purchase?dryRun=1", body=b'{"price": 1}', headers=JSON)

    assert refused.json_body["Message"].startswith("dryRun: unknown query parameter")


def test_a_head_request_gets_the_status_and_headers_of_a_get_alone(shop):
    for path in ("/goods?limit=3", "/goods?page=2", "/later", "/now", "/broken"):
        got, headed = shop.get(path), shop.request("HEAD", path)

        assert headed.status_code == got.status_code
        assert headed.headers.keys() == got.headers.keys()
        assert headed.body == b""
    assert shop.request("HEAD", "/purchase").status_code == 405


@pytest.mark.parametrize("cursor", ["x", "bnVsbA==", "WzFd", "eyJhIjoxfQ==", "%F0%9F%98%80"])
def test_a_made_up_cursor_is_refused(shop, cursor):
    response = shop.get(f"/next?cursor={cursor}")

    assert (response.status_code, response.json_body["Code"]) == (400, "InvalidCursor")


@pytest.mark.parametrize("key", ["", "a b", "x" * 129, "schlüssel"])
def test_an_idempotency_key_that_cannot_be_kept_is_refused(shop, key):
    response = post(shop, b'{"price": 1}', **{"Idempotency-Key": key})

    assert (response.status_code, response.json_body["Code"]) == (400, "InvalidIdempotencyKey")


def test_nobody_sees_what_broke_inside(shop):
    response = shop.get("/broken")

    assert response.status_code == 500
    assert b"swordfish" not in response.body
    assert response.json_body["Code"] == "InternalServerError"


def test_a_request_keeps_the_correlation_id_it_came_with(shop):
    assert shop.get("/goods", headers={log.HEADER: "abc-1"}).headers[log.HEADER] == "abc-1"


def test_a_correlation_id_that_could_forge_log_lines_is_replaced(shop):
    answered = shop.get("/goods", headers={log.HEADER: 'a"\n{'}).headers[log.HEADER]

    assert "\n" not in answered
    assert len(answered) == 26


def test_a_body_of_more_than_64_kilobytes_is_refused(shop):
    just = b'{"price": 1, "more": "' + b"x" * (64 * 1024 - 24) + b'"}'
    assert post(shop, just).status_code == 201

    refused = post(shop, just + b" ")
    assert (refused.status_code, refused.json_body["Code"]) == (413, "BodyTooLarge")


@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":[', b"]}")])
def test_a_body_nested_deeper_than_20_is_refused_wherever_that_is(shop, opening, closing):
    def nested(depth):
        inside = depth // len(closing)
        return post(
            shop, b'{"price": 1, "unknown": [' + opening * inside + closing * inside + b"]}"
        )

    assert nested(18).status_code == 201

    refused = nested(20)
    assert (refused.status_code, refused.json_body["Code"]) == (400, "InvalidBody")
    assert "20 deep" in refused.json_body["Message"]


def test_brackets_in_a_text_are_no_nesting(shop):
    assert post(shop, b'{"price": 1, "text": "\\"' + b"[{" * 50 + b'"}').status_code == 201


def test_a_refusal_says_when_to_try_again(shop):
    assert shop.get("/later").headers["Retry-After"] == "7"
    assert "Retry-After" not in shop.get("/now").headers


def test_a_handler_without_an_answer_sends_an_empty_body(shop):
    assert (shop.get("/now").status_code, shop.get("/now").body) == (200, b"")


def test_an_error_that_is_not_declared_fails_a_test(shop, monkeypatch):
    assert shop.get("/sold-out").status_code == 409
    monkeypatch.setattr(Api, "enforce_declarations", True)
    assert shop.get("/sold-out").status_code == 500
    assert shop.get("/later").status_code == 429


def test_a_body_whose_text_never_ends_is_read_as_fast_as_any_other():
    harmless, endless = b'"' + b"a" * 20_000 + b'"', b'"' + b'\\"' * 10_000

    def took(raw):
        began = time.process_time()
        with pytest.raises(schemas.InvalidBody):
            schemas.parse_body(raw, Line)
        return time.process_time() - began

    assert took(endless) < 100 * took(harmless)  # a million times, were every quote a beginning
