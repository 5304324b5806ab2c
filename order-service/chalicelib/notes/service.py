"""Write notes about an order, which staff alone read in its history.

They are part of the order's row and written with an optimistic lock on its version, so that of two
notes at the same moment none is lost. `updatedAt` stays: the customer sees it.
"""

import hashlib

import msgspec

from chalicelib.configuration.errors import IdempotencyKeyReused
from chalicelib.notes.errors import TooManyNotes
from chalicelib.notes.schemas import NewNote, NoteView
from chalicelib.orders import lookups, writes
from chalicelib.orders.models import Order
from chalicelib.orders.notes import Note
from chalicelib.orders.refund_records import CONFLICT_RETRIES, contended
from common import clock, ids
from common.auth import Caller

MAX_NOTES = 50  # of one order: they are all in its row, which DynamoDB limits to 400 KB


def add_note(order_id: str, caller: Caller, request: NewNote, key: str) -> NoteView:
    """Add a note to an order in any status. Idempotent by the key. Not undone.

    Raises: OrderNotFound, TooManyNotes, OrderContended; IdempotencyKeyReused when the key came
    with another body.
    """
    order_id = ids.parse("ORDER", order_id)
    note_id = ids.deterministic("NOTE", order_id, key)
    for _ in CONFLICT_RETRIES.attempts():
        order = lookups.get(order_id)
        note = _find(order, note_id)
        if note is None:
            note = _new_note(order, caller, request, note_id)
            if not _save(order, note):
                continue
        if note.request_hash != _hash(request):
            raise IdempotencyKeyReused("Idempotency-Key: used before, with another body")
        return NoteView.of(note)
    raise contended(order_id)


def _find(order: Order, note_id: str) -> Note | None:
    return next((one for one in order.notes or [] if one.note_id == note_id), None)


def _new_note(order: Order, caller: Caller, request: NewNote, note_id: str) -> Note:
    if len(order.notes or []) >= MAX_NOTES:
        raise TooManyNotes(f"{order.order_id} has {MAX_NOTES} notes")
    return Note(
        note_id=note_id,
        text=request.text,
        written_at=clock.now(),
        written_by=caller.user_id,
        request_hash=_hash(request),
    )


def _save(order: Order, note: Note) -> bool:
    """Write the note. False if the order changed since."""
    return writes.update_alone(
        order,
        [Order.notes.set([*(order.notes or []), note])],
        Order.order_id.exists(),
        add_version_condition=True,
    )


def _hash(request: NewNote) -> str:
    return hashlib.sha256(msgspec.json.encode(request)).hexdigest()
