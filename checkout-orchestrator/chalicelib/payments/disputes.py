"""Disputes: the customer's bank takes a charge back, unless the shop wins.

Stored on the payment, published for the order, put before the admins. Nothing is refunded while
one is open: the customer would get the money twice.
"""

from chalicelib.notifications import service as notifications
from chalicelib.payments import metrics
from chalicelib.payments.gateways.port import DisputeStatus, GatewayDispute
from chalicelib.payments.gateways.registry import get_gateway
from chalicelib.payments.models import Dispute, Payment
from common import clock, events, ids, money


def sync_dispute(payment: Payment, dispute_id: str) -> None:
    """Bring a dispute to what the gateway says of it. Idempotent.

    In any order of webhooks. Raises: GatewayUnavailable.
    """
    current = get_gateway(payment.gateway).retrieve_dispute(dispute_id)
    dispute = next((one for one in payment.disputes if one.dispute_id == dispute_id), None)
    if dispute is None or (dispute.status, dispute.evidence_due_by) != _state(current):
        is_new_status = dispute is None or dispute.status != current.status
        dispute = _store(payment, current)
        if is_new_status:
            metrics.count_dispute(current.status)
    # On a repeat, too: the first run may have crashed before.
    events.publish(_event(payment, dispute))
    notifications.notify_admins_of_dispute(
        payment.order_id,
        payment.user_id or "",
        status=dispute.status,
        amount=money.format_amount(dispute.amount_minor, payment.currency),
        reason=dispute.reason,
        due_by=dispute.evidence_due_by,
    )


def _state(dispute: GatewayDispute) -> tuple[str, str | None]:
    due_by = dispute.evidence_due_by
    return dispute.status, None if due_by is None else clock.iso(due_by)


def _store(payment: Payment, current: GatewayDispute) -> Dispute:
    status, due_by = _state(current)
    dispute = Dispute(
        dispute_id=current.id,
        amount_minor=current.amount,
        status=status,
        reason=current.reason,
        evidence_due_by=due_by,
    )
    others = [one for one in payment.disputes if one.dispute_id != current.id]
    payment.save_changes(disputes=[*others, dispute])
    return dispute


def _event(payment: Payment, dispute: Dispute) -> events.PaymentDisputed:
    kind = events.PaymentDisputed
    return events.create(
        kind,
        order_id=payment.order_id,
        event_id=ids.deterministic("EVT", kind.detail_type, dispute.dispute_id, dispute.status),
        user_id=payment.user_id or "",
        payment_id=payment.payment_id,
        dispute_id=dispute.dispute_id,
        amount=money.decimal(dispute.amount_minor, payment.currency),
        currency=payment.currency,
        status=DisputeStatus(dispute.status).value,
        reason=dispute.reason,
        evidence_due_by=dispute.evidence_due_by,
    )
