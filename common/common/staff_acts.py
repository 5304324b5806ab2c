"""The trace of staff: rows that are written together with what staff change.

A service names its table in `Api(..., staff_acts="OrderStaffActs")`. What `common.dynamodb`
and `common.transactions` write while an act is open is then written in one transaction with a row
of that table, whose stream publishes StaffActed. So there is one event for each change that was
committed, also after crashes and repeats, and a handler cannot forget it.
"""

import json
from collections.abc import Sequence
from typing import Any

from pynamodb._util import attr_value_to_simple_dict
from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.operand import Path, Value
from pynamodb.expressions.update import Action, AddAction, RemoveAction, SetAction
from pynamodb.models import Model

from common import acts, clock, dynamodb, events, log, streams
from common.dynamodb import WholeNumber

_KEPT_SECONDS = 30 * 86400  # the log of events keeps them; this is its outbox
_MAX_TEXT = 1000
_HIDDEN = {
    "email",
    "phone",
    "paymentMethod",
    "shippingAddress",
    "billingAddress",
    "addressChanges",
    "notes",
    "version",
}
_HIDDEN_ENDINGS = ("Hash", "Secret", "Token")

Row = dict[str, Any]


class StaffAct(Model):
    """What one transaction of staff changed. Written once."""

    class Meta(dynamodb.Meta):
        table_name = ""  # the service's, see create_row

    act_id = UnicodeAttribute(hash_key=True, attr_name="actId")
    user_id = UnicodeAttribute(attr_name="userId")
    role = UnicodeAttribute()
    scope = UnicodeAttribute()
    action = UnicodeAttribute()
    changes = UnicodeAttribute()  # JSON
    correlation_id = UnicodeAttribute(attr_name="correlationId")
    created_at = UnicodeAttribute(attr_name="createdAt")
    expires_at = WholeNumber(attr_name="expiresAt")


def create_row(changes: list[events.StaffChange]) -> StaffAct:
    """Return the row of the open act, for the transaction that makes the changes."""
    act = acts.current()
    assert act is not None, "acts.is_traced() comes first"
    StaffAct.Meta.table_name = acts.table
    return StaffAct(
        act.next_id(),
        user_id=act.user_id,
        role=act.role,
        scope=act.scope,
        action=act.action,
        changes=json.dumps([_as_json(change) for change in changes]),
        correlation_id=log.correlation_id(),
        created_at=clock.now(),
        expires_at=clock.epoch() + _KEPT_SECONDS,
    )


def publish(change: streams.Change) -> None:
    """Publish StaffActed for a new row.

    Idempotent: the event's id follows from the row's.

    Raises: EventsNotPublished.
    """
    if change.old is None and change.new is not None:
        row = change.new
        changes = [events.StaffChange(**each) for each in json.loads(row["changes"])]
        events.publish(
            events.staff_acted(
                row["actId"],
                user_id=row["userId"],
                role=row["role"],
                scope=row["scope"],
                action=row["action"],
                changes=changes,
                correlation_id=row["correlationId"],
                occurred_at=row["createdAt"],
            )
        )


def describe(kind: str, item: Model, actions: Sequence[Action]) -> events.StaffChange:
    """Describe the attributes that an operation changes, before and after.

    The row is read again: the item at hand may hold the new values already.
    """
    keys = _keys(item)
    stored = dynamodb.find(type(item), *keys) if kind != "put" else None
    before = _values(stored) if stored else {}
    after = _values(item) if kind == "put" else {}
    if kind == "update":
        after = _after(before, actions)
        before = {name: before[name] for name in after if name in before}
    before, after = _without_equal(before, after), _without_equal(after, before)
    return events.StaffChange(item.Meta.table_name, str(keys[0]), _shown(before), _shown(after))


def _keys(item: Model) -> list[Any]:
    """Return the item's hash key, and its range key if the table has one."""
    attributes = type(item).get_attributes()
    hash_keys = [getattr(item, name) for name, each in attributes.items() if each.is_hash_key]
    range_keys = [getattr(item, name) for name, each in attributes.items() if each.is_range_key]
    return [*hash_keys, *range_keys]


def _after(known: Row, actions: Sequence[Action]) -> Row:
    """Return the attributes that an update sets. None for one that it removes."""
    after: Row = {}
    for action in actions:
        path, *operands = action.values
        name = str(path.path[0]) if isinstance(path, Path) else ""
        value = _value(operands[0]) if operands and isinstance(operands[0], Value) else None
        if isinstance(action, AddAction) and isinstance(value, int | float):
            after[name] = known.get(name, 0) + value
        elif isinstance(action, SetAction | RemoveAction):
            after[name] = value
    return after


def _values(item: Model) -> Row:
    stored = item.to_simple_dict(force=True)
    return {name: value for name, value in stored.items() if value is not None}


def _value(operand: Value) -> Any:
    return attr_value_to_simple_dict(operand.value, force=True)


def _without_equal(values: Row, others: Row) -> Row:
    """Leave out of lists what both have, such as all parcels but a new one."""
    return {name: _remove_equal(value, others.get(name)) for name, value in values.items()}


def _remove_equal(value: Any, other: Any) -> Any:
    if isinstance(value, list) and isinstance(other, list):
        return [each for each in value if each not in other]
    return value


def _shown(values: Row) -> Row:
    return {name: _cut(value) for name, value in _without_hidden(values).items()}


def _without_hidden(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_hidden(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _without_hidden(each)
        for name, each in value.items()
        if name not in _HIDDEN and not name.endswith(_HIDDEN_ENDINGS)
    }


def _cut(value: Any) -> Any:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return value if len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}..."


def _as_json(change: events.StaffChange) -> Row:
    fields = ("table", "key", "before", "after")
    return {name: getattr(change, name) for name in fields}
