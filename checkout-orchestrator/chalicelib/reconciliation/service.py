"""The verbs of the reconciliation: reconcile, and recheck a ticket."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from chalicelib.discrepancies.models import Discrepancy, Kind
from chalicelib.discrepancies.tickets import DiscrepancyTicket, escalate
from chalicelib.reconciliation import order_index, repairs, rules, snapshot, stock_checks
from chalicelib.reconciliation.errors import DiscrepancyStands
from chalicelib.reconciliation.order_index import OrderIndex
from chalicelib.reconciliation.schemas import Finding, ReconcileRequest, Report, to_plain
from chalicelib.reconciliation.snapshot import Intents, OrderSnapshot
from chalicelib.saga import lambdas
from common import clock, ids, log, metrics

HasTime = Callable[[], bool]


@dataclass
class _Run:
    """One run of the Lambda: what it has checked and found."""

    request: ReconcileRequest
    days: Sequence[str]
    settled_before: str
    findings: list[Finding] = field(default_factory=list)
    products: set[str] = field(default_factory=set)
    orders: int = 0
    intents: int = 0

    @property
    def day(self) -> str | None:
        """The last of its days, if it is about days."""
        return self.days[0] if self.days else None


def reconcile(request: ReconcileRequest, has_time: HasTime) -> Report:
    """Check orders and products, and repair or escalate what is wrong on request.

    Reads tables and gateways, and writes messages only. Discrepancies are the result, never an
    error. Ends early, with `next`, once `has_time` is false. Idempotent, but for the tickets of
    escalated discrepancies. Raises: DayInvalid, StockTooLarge; GatewayUnavailable and
    PaymentRejected where a gateway does not list its intents.
    """
    index = _build_index(request)
    run = _Run(request, index.days, clock.iso(time.time() - request.settle))
    if request.next is None and request.full_stock:
        _treat(run, stock_checks.check_full_stock(has_time))
    last = _check_orders(run, index, has_time)
    if not request.full_stock:
        _treat(run, stock_checks.check_products(run.products))
    if last and request.continue_:
        following = msgspec.structs.replace(request, day=run.day, next=last)
        lambdas.invoke_async("checkout-orchestrator", "reconcile", to_plain(following))
    return _report(run, last)


def recheck(ticket: DiscrepancyTicket) -> None:
    """Check again what was escalated: all of the order, as settled. Idempotent.

    Raises: DiscrepancyStands, so that the ticket stays.
    """
    discrepancies = list(_check_ticket(ticket))
    if discrepancies:
        raise DiscrepancyStands("; ".join(f"{one.kind}: {one.detail}" for one in discrepancies))
    log.logger.info("settled", extra={"kind": ticket.kind, "orderId": ticket.order_id})


def _build_index(request: ReconcileRequest) -> OrderIndex:
    if request.order_ids is None:
        return order_index.build_index(request.day, request.days)
    index = OrderIndex([])
    index.add(ids.parse("ORDER", order_id) for order_id in request.order_ids)
    return index


def _check_orders(run: _Run, index: OrderIndex, has_time: HasTime) -> str | None:
    """Check each order after `next`, and return the last one if some are left."""
    after = run.request.next or ""
    order_ids = sorted(order_id for order_id in index.orders if order_id > after)
    for place, order_id in enumerate(order_ids):
        if place and not has_time():
            return order_ids[place - 1]
        _check_order(run, order_id, index.orders[order_id])
    return None


def _check_order(run: _Run, order_id: str, listed_intents: Intents) -> None:
    """Check the order, a second time if it looks wrong: reads are not one moment."""
    order_snapshot, discrepancies = _judge(run, order_id, lambda: listed_intents)
    if discrepancies:
        known = order_snapshot.intents if order_snapshot else listed_intents
        order_snapshot, discrepancies = _judge(
            run, order_id, lambda: snapshot.retrieve_intents(known)
        )
    run.orders += 1
    if order_snapshot:
        run.intents += len(order_snapshot.intents)
        if order_snapshot.order:
            run.products |= {line.product_id for line in order_snapshot.order.lines}
    _treat(run, discrepancies, order_snapshot)


def _judge(
    run: _Run, order_id: str, intents: Callable[[], Intents]
) -> tuple[OrderSnapshot | None, list[Discrepancy]]:
    """Read the order and apply the rules. NOT_CHECKED if it cannot be read."""
    try:
        order_snapshot = snapshot.read_snapshot(order_id, intents(), run.days)
        return order_snapshot, list(rules.find_discrepancies(order_snapshot, run.settled_before))
    except Exception as exc:
        error = type(exc).__name__
        log.logger.exception("order not read", extra={"orderId": order_id, "error": error})
        return None, [Discrepancy(Kind.NOT_CHECKED, f"{error}: {exc}", order_id=order_id)]


def _check_ticket(ticket: DiscrepancyTicket) -> Iterable[Discrepancy]:
    if ticket.product_id:
        return stock_checks.check_product(ticket.product_id)
    if ticket.order_id is None:
        return []
    intents = snapshot.retrieve_intents(ticket.intents)
    days = [ticket.day] if ticket.day else []
    order_snapshot = snapshot.read_snapshot(ticket.order_id, intents, days)
    return rules.find_discrepancies(order_snapshot, clock.now())


def _treat(
    run: _Run, discrepancies: Iterable[Discrepancy], order_snapshot: OrderSnapshot | None = None
) -> None:
    """Repair or escalate what was found, if requested, and report it."""
    made: set[str] = set()
    for discrepancy in discrepancies:
        outcome = _resolve(run, discrepancy, order_snapshot, made)
        finding = Finding(
            kind=discrepancy.kind,
            detail=discrepancy.detail,
            outcome=outcome,
            order_id=discrepancy.order_id,
            product_id=discrepancy.product_id,
        )
        values = {metrics.DISCREPANCIES: 1}
        log.emit_metric("discrepancy", values, log.logger.warning, **to_plain(finding))
        run.findings.append(finding)


def _resolve(
    run: _Run, discrepancy: Discrepancy, order_snapshot: OrderSnapshot | None, made: set[str]
) -> str:
    """Repair or escalate the discrepancy, if requested, and return the outcome."""
    if not run.request.repair:
        return "reported"
    if discrepancy.repair is None or order_snapshot is None:
        escalate(discrepancy, run.day)
        return "queued"
    if discrepancy.repair not in made:
        repairs.make_repair(discrepancy.repair, order_snapshot)
        made.add(discrepancy.repair)
    return "repaired"


def _report(run: _Run, last: str | None) -> Report:
    if last:
        log.logger.warning("the time was not enough", extra={"next": last})
    return Report(
        day=run.day,
        orders=run.orders,
        discrepancies=run.findings,
        checked={"orders": run.orders, "intents": run.intents, "products": len(run.products)},
        next=last,
    )
