"""Gives back what was reserved for too long."""

from chalicelib.inventory.errors import ExpiryPartlyFailed
from chalicelib.inventory.models import EXPIRED, OPEN, Reservation
from chalicelib.inventory.moves import move
from chalicelib.inventory.schemas import Swept
from common import clock, log, settings


def expire_overdue() -> Swept:
    """Release every reservation whose time is over, the oldest first, at most EXPIRED_PER_RUN of them.

    One that fails does not stop the others; ExpiryPartlyFailed at the end then raises the alarm. Safe to repeat, and safe
    while orders are being paid: a reservation that was committed meanwhile stays so.
    """
    overdue = Reservation.by_expiry.query(
        OPEN,
        range_key_condition=Reservation.expires_at < clock.epoch(),
        limit=settings.integer("EXPIRED_PER_RUN", 1000),
    )
    outcomes = [_expired(found.order_id) for found in overdue]
    swept = Swept(expired=outcomes.count(True), failed=outcomes.count(False))
    log.logger.info(
        "reservations expired", extra={"expired": swept.expired, "failed": swept.failed}
    )
    if swept.failed:
        raise ExpiryPartlyFailed(
            f"{swept.failed} of {len(outcomes)} reservations could not be given back"
        )
    return swept


def _expired(order_id: str) -> bool:
    """Whether the reservation holds nothing any more; why not is in the log."""
    try:
        move(order_id, EXPIRED)
    except Exception as failure:
        log.logger.exception(
            "reservation not expired", extra={"orderId": order_id, "error": type(failure).__name__}
        )
        return False
    return True
