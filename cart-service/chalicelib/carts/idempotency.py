"""Idempotency records of clients' requests, kept for 7 days."""

import hashlib

from chalicelib.carts.errors import IdempotencyKeyReused
from chalicelib.carts.models import IdempotencyRecord
from common import clock, dynamodb, transactions

RECORD_SECONDS = 7 * 24 * 3600


def find_record(user_id: str, key: str | None, request: str) -> IdempotencyRecord | None:
    """Return the record of the same request under this key, if there is one.

    Raises: IdempotencyKeyReused if the key was used for another request.
    """
    if key is None:
        return None
    record = dynamodb.find(IdempotencyRecord, user_id, IdempotencyRecord.request_key(key))
    if record is not None and record.body_hash != _hash(request):
        raise IdempotencyKeyReused("Idempotency-Key: used before, for something else")
    return record


def record_ops(
    user_id: str, key: str | None, request: str, qty: int | None = None
) -> list[transactions.Operation]:
    """The operation that records a request under its key. None without a key.

    `qty` is what the response says.
    """
    if key is None:
        return []
    record = IdempotencyRecord(
        user_id,
        IdempotencyRecord.request_key(key),
        body_hash=_hash(request),
        qty=qty,
        expires_at=clock.epoch() + RECORD_SECONDS,
    )
    return [transactions.put(record, IdempotencyRecord.key.does_not_exist())]


def _hash(request: str) -> str:
    return hashlib.sha256(request.encode()).hexdigest()
