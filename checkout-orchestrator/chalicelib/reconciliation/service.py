"""The verbs of the reconciliation: check the books, and look again at what a person was asked to mend."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from chalicelib.checkout import lambdas
from chalicelib.reconciliation import books, days, repairs, rules, shelves
from chalicelib.reconciliation.books import Books, Intents
from chalicelib.reconciliation.days import Days
from chalicelib.reconciliation.discrepancies import Discrepancy, Kind
from chalicelib.reconciliation.errors import DiscrepancyStands
from chalicelib.reconciliation.money_rules import strays
from chalicelib.reconciliation.schemas import Doubt, Finding, Report, Wanted, plain
from common import clock, ids, log, metrics

HasTime = Callable[[], bool]


@dataclass
class _Run:
    """One run of the check: what it has looked at, and found."""

    wanted: Wanted
    days: Sequence[str]
    before: str
    findings: list[Finding] = field(default_factory=list)
    products: set[str] = field(default_factory=set)
    orders: int = 0
    intents: int = 0

    @property
    def day(self) -> str | None:
        """The last of its days, if it is about days."""
        return self.days[0] if self.days else None


def reconcile(wanted: Wanted, has_time: HasTime) -> Report:
    """Hold every side's books against each other, order by order and product by product; repair what is safe, if that is wanted.

    Reads tables and gateways; writes nothing but messages. Discrepancies are the answer, never an error. Ends early, with `next`
    in its answer, once `has_time` says no. Safe to repeat at any time. Raises DayInvalid, GatewayUnavailable and PaymentRejected
    where a gateway does not list its intents, StockTooLarge.
    """
    asked = _asked(wanted)
    run = _Run(wanted, asked.names, clock.iso(time.time() - wanted.settle))
    if wanted.next is None:
        _tell(run, strays(asked.strays))
        if wanted.whole:
            _tell(run, shelves.whole(has_time))
    left = _check_all(run, asked, has_time)
    if not wanted.whole:
        _tell(run, shelves.of(run.products))
    if left and wanted.go_on:
        following = msgspec.structs.replace(wanted, day=run.day, next=left)
        lambdas.begin("checkout-orchestrator", "reconcile", plain(following))
    return _report(run, left)


def look_again(doubt: Doubt) -> None:
    """Whether what a person was asked to mend is still wrong: DiscrepancyStands if it is. Safe to repeat.

    It has had its time to settle, so all is judged; and all of the order, as another thing may have come to light since.
    """
    found = list(_of_doubt(doubt))
    if found:
        raise DiscrepancyStands("; ".join(f"{one.kind}: {one.detail}" for one in found))
    log.logger.info("settled", extra={"kind": doubt.kind, "orderId": doubt.order_id})


def _asked(wanted: Wanted) -> Days:
    if wanted.order_ids is None:
        return days.of(wanted.day, wanted.days)
    named = Days([])
    named.add(ids.parse("ORDER", order_id) for order_id in wanted.order_ids)
    return named


def _check_all(run: _Run, asked: Days, has_time: HasTime) -> str | None:
    """Each order after the one named by `next`; answers with the last one that was checked if some are left."""
    after = run.wanted.next or ""
    order_ids = sorted(order_id for order_id in asked.orders if order_id > after)
    for place, order_id in enumerate(order_ids):
        if place and not has_time():
            return order_ids[place - 1]
        _check(run, order_id, asked.orders[order_id])
    return None


def _check(run: _Run, order_id: str, listed: Intents) -> None:
    """What looks wrong is read a second time, and counts if it still is: the rows of a busy order are not read in one moment."""
    seen, found = _judged(run, order_id, lambda: listed)
    if found:
        known = seen.intents if seen else listed
        seen, found = _judged(run, order_id, lambda: books.looked_up(known))
    run.orders += 1
    if seen:
        run.intents += len(seen.intents)
        run.products |= {line.product_id for line in seen.order.lines} if seen.order else set()
    _tell(run, found, seen)


def _judged(
    run: _Run, order_id: str, intents: Callable[[], Intents]
) -> tuple[Books | None, list[Discrepancy]]:
    """The order's books and what is wrong with them; of one whose books cannot be read, that."""
    try:
        seen = books.of_order(order_id, intents(), run.days)
        return seen, list(rules.broken(seen, run.before))
    except Exception as failure:
        log.logger.exception(
            "books not read", extra={"orderId": order_id, "error": type(failure).__name__}
        )
        what = f"{type(failure).__name__}: {failure}"
        return None, [Discrepancy(Kind.NOT_CHECKED, what, order_id=order_id)]


def _of_doubt(doubt: Doubt) -> Iterable[Discrepancy]:
    if doubt.product_id:
        return shelves.of_one(doubt.product_id)
    intents = books.looked_up(doubt.intents)
    if doubt.order_id is None:
        return strays(intents)
    seen = books.of_order(doubt.order_id, intents, [doubt.day] if doubt.day else [])
    return rules.broken(seen, clock.now())


def _tell(run: _Run, found: Iterable[Discrepancy], seen: Books | None = None) -> None:
    """Note what was found, and have it repaired if that is wanted: each repair of an order once."""
    done: set[str] = set()
    for one in found:
        finding = Finding(
            kind=one.kind,
            detail=one.detail,
            outcome=_treated(one, run, seen, done),
            order_id=one.order_id,
            product_id=one.product_id,
        )
        log.emit_metric(
            "discrepancy", {metrics.DISCREPANCIES: 1}, log.logger.warning, **plain(finding)
        )
        run.findings.append(finding)


def _treated(one: Discrepancy, run: _Run, seen: Books | None, done: set[str]) -> str:
    if not run.wanted.repair:
        return "reported"
    if one.repair is None or seen is None:
        repairs.ask_a_person(one, run.day)
        return "queued"
    if one.repair not in done:
        repairs.repair(one.repair, seen)
        done.add(one.repair)
    return "repaired"


def _report(run: _Run, left: str | None) -> Report:
    checked = {"orders": run.orders, "intents": run.intents, "products": len(run.products)}
    if left:
        log.logger.warning("the time was not enough", extra={"next": left})
    return Report(
        day=run.day, orders=run.orders, discrepancies=run.findings, checked=checked, next=left
    )
