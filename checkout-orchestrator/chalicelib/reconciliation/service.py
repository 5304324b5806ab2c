"""The verbs of the reconciliation: reconcile, and recheck a ticket."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from chalicelib.discrepancies.models import Discrepancy, Kind
from chalicelib.discrepancies.tickets import DiscrepancyTicket, escalate
from chalicelib.reconciliation import repairs, rules, snapshot, stock_checks
from chalicelib.reconciliation.errors import DiscrepancyStands, PositionInvalid
from chalicelib.reconciliation.itinerary import list_stops
from chalicelib.reconciliation.period import Period, parse_period
from chalicelib.reconciliation.positions import Position, format_position, parse_position
from chalicelib.reconciliation.schemas import Finding, ReconcileRequest, Report, to_plain
from chalicelib.reconciliation.snapshot import Intents, OrderSnapshot
from chalicelib.reconciliation.sources import Role, Source, list_sources, named_orders
from chalicelib.saga import lambdas
from common import clock, ids, log, metrics

HasTime = Callable[[], bool]

MAX_FINDINGS = 500  # of one report
_MAX_PRODUCTS = 100  # whose rows are checked together


@dataclass
class _Run:
    """One run of the Lambda: what it has checked and found."""

    request: ReconcileRequest
    period: Period
    settled_before: str
    has_time: HasTime
    findings: list[Finding] = field(default_factory=list)
    reported: set[str] = field(default_factory=set)
    to_check: set[str] = field(default_factory=set)
    orders: int = 0
    intents: int = 0
    products: int = 0

    @property
    def day(self) -> str | None:
        """The last of its days, if it is about days."""
        return self.period.days[0] if self.period.days else None

    def can_go_on(self) -> bool:
        """Whether there is time, and the report has room."""
        return len(self.findings) < MAX_FINDINGS and self.has_time()


def reconcile(request: ReconcileRequest, has_time: HasTime) -> Report:
    """Check orders and products, and repair or escalate what is wrong on request.

    Reads tables and gateways page by page, and writes messages only. Discrepancies are the result,
    never an error. Ends early, with `next`, once `has_time` is false or the report is full.
    Idempotent, but for the tickets of escalated discrepancies. Raises: DayInvalid,
    PositionInvalid; GatewayUnavailable and PaymentRejected where a gateway does not list its
    intents.
    """
    by_id = request.order_ids is not None
    period = Period([]) if by_id else parse_period(request.day, request.days)
    run = _Run(request, period, clock.iso(time.time() - request.settle), has_time)
    last = _check(run, parse_position(request.next))
    if last and request.continue_:
        following = msgspec.structs.replace(request, day=run.day, next=format_position(last))
        lambdas.invoke_async("checkout-orchestrator", "reconcile", to_plain(following))
    return _report(run, format_position(last))


def recheck(ticket: DiscrepancyTicket) -> None:
    """Check again what was escalated: all of the order, as settled. Idempotent.

    Raises: DiscrepancyStands, so that the ticket stays.
    """
    discrepancies = list(_check_ticket(ticket))
    if discrepancies:
        raise DiscrepancyStands("; ".join(f"{one.kind}: {one.detail}" for one in discrepancies))
    log.logger.info("settled", extra={"kind": ticket.kind, "orderId": ticket.order_id})


def _check(run: _Run, start: Position) -> Position | None:
    """Check from this position on, and return where to go on if something is left."""
    if run.request.full_stock and start.source is None:
        sums = stock_checks.check_full_stock(
            start.stock, run.can_go_on, lambda discrepancies: _treat(run, discrepancies)
        )
        if sums:
            return Position(stock=sums)
    last = _check_orders(run, start)
    _check_products(run)
    return last


def _check_orders(run: _Run, start: Position) -> Position | None:
    """Check the orders from there on, and return where to go on if some are left."""
    sources = list(_list_sources(run))
    if start.source not in (None, *(source.name for source in sources)):
        raise PositionInvalid(f"next: there is no {start.source!r} in this period")
    for place, stop in enumerate(list_stops(sources, start, run.period)):
        if place and not run.can_go_on():
            return stop.position
        if stop.order_id and (stop.role == Role.GATEWAY or stop.order_id not in run.reported):
            _check_order(run, stop.order_id, stop.intents)
    return None


def _list_sources(run: _Run) -> Iterable[Source]:
    if run.request.order_ids is None:
        return list_sources(run.period)
    return [named_orders(ids.parse("ORDER", one) for one in run.request.order_ids)]


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
        if order_snapshot.order and not run.request.full_stock:
            run.to_check |= {line.product_id for line in order_snapshot.order.lines}
    if discrepancies:
        run.reported.add(order_id)
    _treat(run, discrepancies, order_snapshot)
    if len(run.to_check) >= _MAX_PRODUCTS:
        _check_products(run)


def _check_products(run: _Run) -> None:
    """Check the rows of the products that orders named since the last time."""
    discrepancies = stock_checks.check_products(run.to_check)
    _treat(run, [one for one in discrepancies if one.product_id not in run.reported])
    run.products += len(run.to_check)
    run.to_check.clear()


def _judge(
    run: _Run, order_id: str, intents: Callable[[], Intents]
) -> tuple[OrderSnapshot | None, list[Discrepancy]]:
    """Read the order and apply the rules. NOT_CHECKED if it cannot be read."""
    try:
        order_snapshot = snapshot.read_snapshot(order_id, intents(), run.period.days)
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
        if discrepancy.product_id:
            run.reported.add(discrepancy.product_id)


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
        checked={"orders": run.orders, "intents": run.intents, "products": run.products},
        next=last,
    )
