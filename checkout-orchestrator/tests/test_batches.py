"""How many messages a consumer takes at a time."""

from pathlib import Path

from chalice.app import SQSEventConfig

from app import app

POLICIES = Path(__file__).parents[1] / ".chalice"


def may_ask_a_gateway(name: str) -> bool:
    return "secret:commerce/" in (POLICIES / f"policy-{name}.json").read_text()


def test_who_asks_a_payment_gateway_takes_one_message_at_a_time():
    # A slow gateway, or a process that dies, would else use up the deliveries of messages that only came along.
    sources = [source for source in app.event_sources if isinstance(source, SQSEventConfig)]
    asking = {
        source.name: source.batch_size for source in sources if may_ask_a_gateway(source.name)
    }

    assert "on-refund-requested" in asking
    assert asking == dict.fromkeys(asking, 1)
