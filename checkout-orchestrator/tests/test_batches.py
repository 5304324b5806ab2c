"""How many messages a consumer takes at a time."""

from pathlib import Path

from chalice.app import SQSEventConfig

from app import app

POLICIES = Path(__file__).parents[1] / ".chalice"


def may_ask_a_gateway(name: str) -> bool:
    return "secret:commerce/" in (POLICIES / f"policy-{name}.json").read_text()


def test_consumers_that_call_a_gateway_take_single_messages():
    # Else a slow gateway, or a process that dies, uses up the deliveries of other messages.
    sources = [source for source in app.event_sources if isinstance(source, SQSEventConfig)]
    asking = {
        source.name: source.batch_size for source in sources if may_ask_a_gateway(source.name)
    }

    assert "on-refund-requested" in asking
    assert asking == dict.fromkeys(asking, 1)
