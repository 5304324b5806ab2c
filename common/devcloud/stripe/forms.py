"""Parse Stripe's nested forms: `metadata[orderId]=1`, `expand[0]=data`."""

import re
from collections.abc import Iterable
from typing import Any

_PART = re.compile(r"[^\[\]]+")


def nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Return the pairs as a tree. Numbered entries become a list."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        *path, last = _PART.findall(name) or [name]
        place = root
        for part in path:
            below = place.setdefault(part, {})
            place = below if isinstance(below, dict) else place
        place[last] = value
    return {name: _as_list(value) for name, value in root.items()}


def _as_list(value: Any) -> Any:
    if isinstance(value, dict) and value and all(key.isdigit() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return value
