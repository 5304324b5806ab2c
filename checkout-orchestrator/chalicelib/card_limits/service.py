"""Limit how many cards a customer or a source address has declined in an hour.

Testing stolen cards means trying many of them: OAT-001, carding.
https://owasp.org/www-project-automated-threats-to-web-applications/
"""

from chalicelib.card_limits.errors import TooManyDeclines
from chalicelib.card_limits.models import DeclineCounter, LastSource
from common import clock, dynamodb, settings
from common.batch_reads import BatchReader, Key

MAX_DECLINES = 5
WINDOW_SECONDS = 3600
_DAY = 86400
_CUSTOMER, _SOURCE, _LAST = "CUSTOMER", "SOURCE", "LAST"


def counter_keys(user_id: str, source: str) -> tuple[Key[DeclineCounter], Key[DeclineCounter]]:
    """Return the keys of the counters of a customer and a source."""
    subjects = (_CUSTOMER, user_id), (_SOURCE, source)
    customer, place = (DeclineCounter.key_for(*subject) for subject in subjects)
    return Key(DeclineCounter, customer), Key(DeclineCounter, place)


def start_attempt(user_id: str, source: str, reader: BatchReader) -> None:
    """Let a customer try a card, and store from where. Idempotent.

    Raises: TooManyDeclines once the customer or the source had MAX_DECLINES within the hour.
    """
    customer, place = counter_keys(user_id, source)
    reader.read(customer, place)
    limits = (customer, MAX_DECLINES), (place, _max_of_source())
    waits = [_remaining(reader.find(key), limit) for key, limit in limits]
    if seconds := max(waits):
        raise TooManyDeclines(seconds)
    last = DeclineCounter.key_for(_LAST, user_id)
    LastSource(last, source_key=place.hash_key, expires_at=clock.epoch() + _DAY).save()


def find_wait(user_id: str) -> int:
    """Return for how many seconds the customer waits, 0 if not at all."""
    counter = dynamodb.find(DeclineCounter, DeclineCounter.key_for(_CUSTOMER, user_id))
    return _remaining(counter, MAX_DECLINES)


def count_decline(attempt_id: str, user_id: str) -> None:
    """Count a declined attempt for the customer and their last source. Idempotent."""
    DeclineCounter.add(DeclineCounter.key_for(_CUSTOMER, user_id), attempt_id, WINDOW_SECONDS)
    last = dynamodb.find(LastSource, DeclineCounter.key_for(_LAST, user_id))
    if last is not None:
        DeclineCounter.add(last.source_key, attempt_id, WINDOW_SECONDS)


def _remaining(counter: DeclineCounter | None, limit: int) -> int:
    if counter is None or len(counter.attempts or ()) < limit:
        return 0
    return max(0, counter.expires_at - clock.epoch())


def _max_of_source() -> int:
    return settings.integer("DECLINES_PER_SOURCE", MAX_DECLINES)
