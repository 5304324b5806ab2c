"""Expiry of reservations that were not committed in time."""

import heapq
from collections.abc import Iterable
from itertools import islice

from chalicelib.inventory.errors import ExpiryPartlyFailed
from chalicelib.inventory.models import EXPIRED, EXPIRY_KEYS, Reservation
from chalicelib.inventory.schemas import ExpiryResult
from chalicelib.inventory.transitions import transition
from common import clock, log, settings


def expire_reservations() -> ExpiryResult:
    """Expire overdue reservations, the oldest first, at most EXPIRED_PER_RUN of them.

    A failure does not stop the others. Idempotent; a reservation that is committed concurrently
    stays committed.

    Raises: ExpiryPartlyFailed at the end, if any failed; it raises the alarm.
    """
    result = ExpiryResult()
    for reservation in _overdue_reservations():
        is_expired = _try_expire(reservation.order_id)
        if is_expired:
            result.expired += 1
        else:
            result.failed += 1
    log.logger.info(
        "reservations expired", extra={"expired": result.expired, "failed": result.failed}
    )
    if result.failed:
        total = result.expired + result.failed
        raise ExpiryPartlyFailed(f"{result.failed} of {total} reservations could not be expired")
    return result


def _overdue_reservations() -> Iterable[Reservation]:
    """Merge the shards, each of which is the oldest first."""
    limit = settings.integer("EXPIRED_PER_RUN", 1000)
    overdue = Reservation.expires_at < clock.epoch()
    shards = [Reservation.by_expiry.query(key, overdue, limit=limit) for key in EXPIRY_KEYS]
    merged = heapq.merge(*shards, key=lambda reservation: reservation.expires_at)
    return islice(merged, limit)


def _try_expire(order_id: str) -> bool:
    """Expire the reservation. False if that failed: the log has the reason."""
    try:
        transition(order_id, EXPIRED)
    except Exception as exc:
        log.logger.exception(
            "reservation not expired", extra={"orderId": order_id, "error": type(exc).__name__}
        )
        return False
    return True
