"""Receive what comes back of returns, in parts: each part has one refund.

Part and refund are one write of the order's row, with an optimistic lock on its version: of a
part and a refund of staff at the same moment the second sees what the first left.
"""

from collections import Counter
from collections.abc import Iterable

from chalicelib.configuration.errors import IdempotencyKeyReused
from chalicelib.orders import lookups, refunds
from chalicelib.orders.errors import RefundTooLarge
from chalicelib.orders.models import Order, Refund
from chalicelib.orders.pricing import Quantities, merge_lines
from chalicelib.orders.refund_amounts import (
    count_goods_left,
    price_goods,
    sum_money_left,
    sum_shipping_left,
)
from chalicelib.orders.refund_records import (
    CONFLICT_RETRIES,
    contended,
    find_refund,
    refund_lines,
    save_refunds,
)
from chalicelib.orders.return_models import ReceivedLine, Return, ReturnPart
from chalicelib.orders.return_views import ReturnView
from chalicelib.orders.statuses import ReturnStatus
from chalicelib.returns import goods
from chalicelib.returns.errors import ReturnPartTooLarge
from chalicelib.returns.schemas import ReceivedItem, ReceiveReturn
from chalicelib.returns.service import get_return, hash_request, require_transition
from common import clock, ids
from common.auth import Caller


def receive_return(
    order_id: str, return_id: str, caller: Caller, request: ReceiveReturn, key: str
) -> ReturnView:
    """Note what came back of a return, and request its refund.

    Publishes ReturnReceived and RefundRequested. Not undone. Idempotent by the key: a repeat asks
    again for a refund that is not made, or failed.

    Raises: OrderNotFound, ReturnNotFound, ReturnStatusConflict, ReturnPartTooLarge, RefundTooLarge
    and NothingToRefund when it was refunded otherwise, OrderDisputed, OrderNotRefundable,
    TooManyRefunds, OrderContended; IdempotencyKeyReused when the key came with another body.
    """
    order_id, return_id = ids.parse("ORDER", order_id), ids.parse("RET", return_id)
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(order_id)
        returned = get_return(order, return_id)
        refund_id = ids.deterministic("REFUND", return_id, key)
        refund = find_refund(order, refund_id)
        if refund is not None:
            _validate_repeat(returned, refund_id, request)
            is_saved = refunds.ask_again(order, refund)
        else:
            refund = _receive(order, returned, caller, request, refund_id)
            parts = Order.returns.set(order.returns)
            is_saved = save_refunds(order, [*(order.refunds or []), refund], None, parts)
        if is_saved:
            return ReturnView.of(returned)
    raise contended(order_id)


def _validate_repeat(returned: Return, refund_id: str, request: ReceiveReturn) -> None:
    (part,) = [one for one in returned.parts or [] if one.refund_id == refund_id]
    if part.request_hash != hash_request(request):
        raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")


def _receive(
    order: Order, returned: Return, caller: Caller, request: ReceiveReturn, refund_id: str
) -> Refund:
    """Add a part to the return, and return its refund."""
    quantities = merge_lines(request.items)
    awaited = goods.count_awaited(returned) - Counter(quantities)
    status = ReturnStatus.PARTLY_RECEIVED if awaited else ReturnStatus.RECEIVED
    require_transition(returned, status)
    _validate_awaited(returned, quantities)
    _validate_unrefunded(order, quantities)
    refunds.validate_refundable(order)
    part = ReturnPart(
        refund_id=refund_id,
        lines=_lines(request.items),
        request_hash=hash_request(request),
        received_at=clock.now(),
        received_by=caller.user_id,
    )
    returned.status, returned.parts = status, [*(returned.parts or []), part]
    return _new_refund(order, returned, part, request)


def _validate_awaited(returned: Return, quantities: Quantities) -> None:
    awaited = goods.count_awaited(returned)
    too_many = _exceeding(quantities, awaited, "awaited")
    if too_many:
        raise ReturnPartTooLarge(f"{returned.return_id}: {too_many}")


def _validate_unrefunded(order: Order, quantities: Quantities) -> None:
    """Require that no other refund paid for these goods, and restocked them."""
    too_many = _exceeding(quantities, count_goods_left(order), "not refunded")
    if too_many:
        raise RefundTooLarge(too_many)


def _exceeding(quantities: Quantities, left: Quantities, how: str) -> str:
    return "; ".join(
        f"{product_id}: {qty} named, {left.get(product_id, 0)} {how}"
        for product_id, qty in quantities.items()
        if qty > left.get(product_id, 0)
    )


def _lines(items: Iterable[ReceivedItem]) -> list[ReceivedLine]:
    """Return a line for each product, and whether it can be sold again."""
    total: Counter[tuple[str, bool]] = Counter()
    for item in items:
        total[ids.parse("PROD", item.product_id), item.restock] += item.qty
    return [
        ReceivedLine(product_id=product_id, qty=qty, restock=restock)
        for (product_id, restock), qty in total.items()
    ]


def _new_refund(order: Order, returned: Return, part: ReturnPart, request: ReceiveReturn) -> Refund:
    """Return the refund of what came back, at most what is left, goods first."""
    quantities = merge_lines(request.items)
    restocked = {line.product_id: line.qty for line in part.lines if line.restock}
    left = max(0, sum_money_left(order))
    price = min(price_goods(order, quantities), left)
    shipping = min(sum_shipping_left(order), left - price) if request.shipping else 0
    return Refund(
        refund_id=part.refund_id,
        lines=refund_lines(quantities),
        amount_minor=price + shipping,
        shipping_minor=shipping or None,
        whole=False,
        restock=bool(restocked),
        restock_lines=refund_lines(restocked) or None,
        return_id=returned.return_id,
        reason="returned goods",
        requested_by=part.received_by,
        request_hash="",
        requested_at=part.received_at,
    )
