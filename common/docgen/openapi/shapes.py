"""Structs as JSON Schema, the way their values stand on the wire."""

from collections.abc import Collection, Mapping
from typing import Any

import msgspec

Schema = dict[str, Any]
Examples = Mapping[str, Any]

REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"


class Shapes:
    """The schemas of a service's bodies, queries and answers; `examples` has values of Structs, by the Struct's name."""

    def __init__(self, kinds: Collection[Any], examples: Examples) -> None:
        schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
        self._of = dict(zip(kinds, map(_on_the_wire, schemas), strict=True))
        self._components: dict[str, Schema] = {
            name: _on_the_wire(found) for name, found in components.items()
        }
        self._examples = examples

    def components(self, without: Collection[Any]) -> dict[str, Schema]:
        """All named schemas but those of these Structs, each with its example."""
        hidden = {self._name(kind) for kind in without}
        return {
            name: schema | ({"examples": [self._examples[name]]} if name in self._examples else {})
            for name, schema in sorted(self._components.items())
            if name not in hidden
        }

    def content(self, kind: Any) -> Schema:
        """A JSON body of this type."""
        schema = self._of[kind]
        example = self._example(schema)
        return {_JSON: {"schema": schema} | ({} if example is None else {"example": example})}

    def parameters(self, query: Any) -> list[Schema]:
        """Each field of a query's Struct as a parameter."""
        schema = self._components[self._name(query)]
        return [
            {
                "name": name,
                "in": "query",
                "required": name in schema["required"],
                "schema": _without_null(field),
            }
            for name, field in schema["properties"].items()
        ]

    def _name(self, kind: Any) -> str:
        return str(self._of[kind]["$ref"]).rpartition("/")[2]

    def _example(self, schema: Schema) -> Any:
        if schema.get("type") == "array":
            one = self._example(schema["items"])
            return None if one is None else [one]
        return self._examples.get(schema.get("$ref", "").rpartition("/")[2])


def _on_the_wire(schema: Any) -> Any:
    """Decimals are JSON numbers here (common.http), not the texts that msgspec writes by itself."""
    if isinstance(schema, list):
        return [_on_the_wire(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        return {"type": "number"} | {
            name: rest for name, rest in schema.items() if name not in ("type", "format")
        }
    return {name: _on_the_wire(part) for name, part in schema.items()}


def _without_null(schema: Schema) -> Schema:
    """A query string has no null: what may be one may be left out."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if not choices:
        return schema
    rest = {name: part for name, part in schema.items() if name not in ("anyOf", "default")}
    return rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})
