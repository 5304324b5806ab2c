"""Which orders are checked, in which sequence, and from where a later run goes on.

One page is held at a time, with the rows that say which of its orders another source has.
"""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import dropwhile

import msgspec

from chalicelib.payments.gateways.port import intent_key
from chalicelib.payments.models import Payment, find_intents
from chalicelib.readmodels.orders import find_days
from chalicelib.reconciliation.period import Period
from chalicelib.reconciliation.positions import Position
from chalicelib.reconciliation.snapshot import Intents
from chalicelib.reconciliation.sources import OrderPage, Role, Source


@dataclass(frozen=True)
class Stop:
    """An order to check with its listed intents, or the end of a page.

    A run that goes on at `position` begins with it.
    """

    position: Position
    role: Role
    order_id: str | None = None
    intents: Intents = field(default_factory=dict)


@dataclass
class _Selection:
    """The orders of a page to check here, and what it adds to the position's sums."""

    orders: dict[str, Intents]
    listed: int = 0
    covered: int = 0


def list_stops(sources: Iterable[Source], start: Position, period: Period) -> Iterator[Stop]:
    """List what to check from the start on.

    Raises: GatewayUnavailable and PaymentRejected where a gateway does not list its intents.
    """
    position = start
    for source in dropwhile(lambda one: start.source not in (None, one.name), sources):
        if source.name != position.source:
            position = _at(position, source=source.name, cursor=None, after="")
        if source.role == Role.UNLISTED and position.listed == position.covered:
            continue
        while True:
            page = source.read_page(position.cursor)
            selection = _select(source.role, page, period)
            yield from _stops_of(source, selection, position)
            position = _at(
                position,
                cursor=page.cursor,
                after="",
                listed=position.listed + selection.listed,
                covered=position.covered + selection.covered,
            )
            if page.cursor is None:
                break
            yield Stop(position, source.role)


def _stops_of(source: Source, selection: _Selection, position: Position) -> Iterator[Stop]:
    after = position.after
    for order_id in sorted(selection.orders):
        if order_id > position.after:
            here = _at(position, after=after)
            yield Stop(here, source.role, order_id, selection.orders[order_id])
            after = order_id


def _select(role: Role, page: OrderPage, period: Period) -> _Selection:
    if role == Role.NAMED:
        return _Selection(dict(page.orders))
    if role == Role.GATEWAY:
        return _select_listed(page, period)
    if role == Role.OTHERS:
        placed = _find_placed(page, period)
        return _Selection({name: {} for name in page.orders if name not in placed})
    payments = find_intents(page.orders)
    covered = {name for name in page.orders if period.covers(payments.get(name))}
    if role == Role.UNLISTED:
        return _Selection({order_id: {} for order_id in covered})
    return _Selection(
        {name: {} for name in page.orders if name not in covered},
        covered=sum(map(_checksum, covered)),
    )


def _select_listed(page: OrderPage, period: Period) -> _Selection:
    """Leave orders near an end of the period to the lists of placed orders.

    Unless the page has other intents of theirs.
    """
    payments = find_intents(page.orders)
    selection = _Selection(dict(page.orders))
    for order_id in _find_placed(page, period):
        payment, intents = payments.get(order_id), page.orders[order_id]
        if payment is None or _own_key(payment) not in intents:
            continue
        if period.covers(payment):
            selection.listed += _checksum(order_id)
        elif len(intents) == 1:
            del selection.orders[order_id]
    return selection


def _find_placed(page: OrderPage, period: Period) -> set[str]:
    """Those that are in the lists of the period's orders."""
    return {name for name, day in find_days(page.orders).items() if day in period.days}


def _own_key(payment: Payment) -> str | None:
    return intent_key(payment.gateway, payment.intent_id) if payment.intent_id else None


def _checksum(order_id: str) -> int:
    return zlib.crc32(order_id.encode())


def _at(position: Position, **changes: object) -> Position:
    return msgspec.structs.replace(position, **changes)
