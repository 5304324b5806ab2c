"""Request returns of shipped goods, and decide on them.

Returns are part of the order's row and written with an optimistic lock on its version: of a return
and another return, a shipment or a refund at the same moment the second sees what the first left.
"""

import hashlib
from collections import Counter

import msgspec
from pynamodb.expressions.update import Action

from chalicelib.configuration.errors import IdempotencyKeyReused
from chalicelib.orders import lookups, writes
from chalicelib.orders.models import Order
from chalicelib.orders.pricing import Quantities, merge_lines
from chalicelib.orders.refund_records import CONFLICT_RETRIES, contended
from chalicelib.orders.return_models import Return, ReturnLine
from chalicelib.orders.return_views import ReturnView
from chalicelib.orders.statuses import RETURN_TRANSITIONS, ReturnStatus
from chalicelib.returns import goods
from chalicelib.returns.errors import (
    NothingShipped,
    ReturnNotFound,
    ReturnStatusConflict,
    ReturnTooLarge,
    ReturnWindowOver,
    TooManyReturns,
)
from chalicelib.returns.schemas import NewReturn, ReturnDecision, ReturnItem
from common import clock, ids
from common.auth import Caller
from common.roles import Scope

MAX_RETURNS = 20  # of one order: they are all in its row, which DynamoDB limits to 400 KB


def request_return(order_id: str, caller: Caller, request: NewReturn, key: str) -> ReturnView:
    """Request to return shipped goods, as their customer or as staff for them.

    Publishes ReturnRequested. Idempotent by the key. Undone by `reject_return`.

    Raises: OrderNotFound, InsufficientScope, NothingShipped, ReturnTooLarge, ReturnWindowOver,
    TooManyReturns, OrderContended; IdempotencyKeyReused when the key came with another body.
    """
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get_for(order_id, caller, Scope.RETURNS_WRITE)
        return_id = ids.deterministic("RET", order.order_id, key)
        returned = _find(order, return_id)
        if returned is None:
            returned = _new_return(order, caller, request, return_id)
            order.returns = [*(order.returns or []), returned]
            is_saved = _save(order)
        else:
            is_saved = True
        if returned.request_hash != hash_request(request):
            raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
        if is_saved:
            return ReturnView.of(returned)
    raise contended(order_id)


def approve_return(
    order_id: str, return_id: str, caller: Caller, request: ReturnDecision
) -> ReturnView:
    """Let the customer send the goods back.

    Publishes ReturnApproved. Idempotent. Undone by `reject_return`.

    Raises: OrderNotFound, ReturnNotFound, ReturnStatusConflict, OrderContended.
    """
    return _decide(order_id, return_id, caller, request, ReturnStatus.APPROVED)


def reject_return(
    order_id: str, return_id: str, caller: Caller, request: ReturnDecision
) -> ReturnView:
    """Refuse a return of which nothing came back. Its goods can be returned again.

    Publishes ReturnRejected. Idempotent. Not undone.

    Raises: OrderNotFound, ReturnNotFound, ReturnStatusConflict, OrderContended.
    """
    return _decide(order_id, return_id, caller, request, ReturnStatus.REJECTED)


def get_return(order: Order, return_id: str) -> Return:
    """Return the return of this id. Raises: ReturnNotFound."""
    returned = _find(order, return_id)
    if returned is None:
        raise ReturnNotFound(f"{order.order_id} has no return {return_id}")
    return returned


def require_transition(returned: Return, status: ReturnStatus) -> None:
    """Require that the return may get this status. Raises: ReturnStatusConflict."""
    if status not in RETURN_TRANSITIONS[ReturnStatus(returned.status)]:
        raise ReturnStatusConflict(
            f"{returned.return_id} is {returned.status}: it cannot be {status}"
        )


def hash_request(request: msgspec.Struct) -> str:
    """Return what two bodies have in common only if they are equal."""
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()


def _decide(
    order_id: str, return_id: str, caller: Caller, request: ReturnDecision, status: ReturnStatus
) -> ReturnView:
    order_id, return_id = ids.parse("ORDER", order_id), ids.parse("RET", return_id)
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(order_id)
        returned = get_return(order, return_id)
        if returned.status == status:
            return ReturnView.of(returned)
        require_transition(returned, status)
        returned.status, returned.note = status, request.note
        returned.decided_at, returned.decided_by = clock.now(), caller.user_id
        if _save(order):
            return ReturnView.of(returned)
    raise contended(order_id)


def _find(order: Order, return_id: str) -> Return | None:
    return next((one for one in order.returns or [] if one.return_id == return_id), None)


def _save(order: Order) -> bool:
    """Write the returns. False if the order changed since it was read."""
    changes: list[Action] = [
        Order.returns.set(order.returns),
        Order.updated_at.set(clock.now()),
    ]
    return writes.update_alone(order, changes, Order.shipments.exists(), add_version_condition=True)


def _new_return(order: Order, caller: Caller, request: NewReturn, return_id: str) -> Return:
    if not order.shipments:
        raise NothingShipped(f"{order.order_id}: nothing of it was shipped")
    if len(order.returns or []) >= MAX_RETURNS:
        raise TooManyReturns(f"{order.order_id} has {MAX_RETURNS} returns")
    _validate_returnable(order, merge_lines(request.items))
    return Return(
        return_id=return_id,
        lines=_lines(request.items),
        request_hash=hash_request(request),
        requested_at=clock.now(),
        requested_by=caller.user_id,
    )


def _validate_returnable(order: Order, quantities: Quantities) -> None:
    left, ever = goods.count_returnable(order), goods.count_returnable_ever(order)
    late = [
        product_id
        for product_id, qty in quantities.items()
        if left.get(product_id, 0) < qty <= ever.get(product_id, 0)
    ]
    if late:
        days = goods.window_days()
        raise ReturnWindowOver(f"{', '.join(late)}: arrived more than {days} days ago")
    too_many = [
        f"{product_id}: {qty} named, {left.get(product_id, 0)} left to return"
        for product_id, qty in quantities.items()
        if qty > left.get(product_id, 0)
    ]
    if too_many:
        raise ReturnTooLarge("; ".join(too_many))


def _lines(items: list[ReturnItem]) -> list[ReturnLine]:
    """Return a line for each product and reason."""
    total: Counter[tuple[str, str]] = Counter()
    for item in items:
        total[ids.parse("PROD", item.product_id), item.reason] += item.qty
    return [
        ReturnLine(product_id=product_id, qty=qty, reason=reason)
        for (product_id, reason), qty in total.items()
    ]
