"""Generate docs/events.md and events.json from the registry of events."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from common import events
from delivery.paths import ROOT

PAGE = ROOT / "docs/events.md"
SCHEMAS = ROOT / "docs/events.json"

_HEAD = """# Events

Generated from `common/common/events.py` by `make events`; a test fails while they differ.
`events.json` beside this page has the JSON Schema of each event.

A published field is never removed and never changes its type. A new field has a default.
"""


def page() -> str:
    """The page that a person reads."""
    return _HEAD + "".join(_section(kind) for kind in events.REGISTRY.values())


def schemas() -> dict[str, Any]:
    """The JSON Schema of each event, by detail-type."""
    _, components = msgspec.json.schema_components(
        events.REGISTRY.values(), ref_template="#/$defs/{name}"
    )
    shared = {name: components.pop(name) for name in ("Line", "StaffChange")}
    described = {kind.detail_type: components[kind.__name__] for kind in events.REGISTRY.values()}
    return {"$defs": shared, "events": described}


def main() -> None:
    """Write both."""
    PAGE.write_text(page())
    SCHEMAS.write_text(json.dumps(schemas(), indent=2, ensure_ascii=False) + "\n")


def _section(kind: type[events.Event]) -> str:
    described = schemas()["events"][kind.detail_type]
    rows = "".join(
        f"| `{name}` | {_type(field)} |\n" for name, field in described["properties"].items()
    )
    return (
        f"\n## {kind.detail_type}\n\n{kind.__doc__}\n\n"
        f"Source `{kind.source}`, detail-type `{kind.detail_type}`.\n\n"
        f"| field | type |\n|---|---|\n{rows}"
    )


def _type(field: dict[str, Any]) -> str:
    if field.get("type") == "array":
        name = field["items"]["$ref"].rpartition("/")[2]
        return "list of " + _join(f"`{each}`" for each in schemas()["$defs"][name]["properties"])
    return str(field.get("format", field.get("type")))


def _join(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}"


if __name__ == "__main__":
    main()
