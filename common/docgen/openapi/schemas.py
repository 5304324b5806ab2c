"""Structs as JSON Schema, the way their values stand on the wire."""

import re
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from common.schemas import prefixes_of

JsonSchema = dict[str, Any]
Examples = Mapping[str, Any]

REFERENCE = "#/components/schemas/{name}"
_JSON = "application/json"


class Components:
    """Build the schemas of a service's bodies, queries and responses.

    `examples` are by Struct name.

    What a Struct's docstring says is for engineers and is not published.
    """

    def __init__(self, kinds: Collection[Any], examples: Examples) -> None:
        schemas, components = msgspec.json.schema_components(kinds, ref_template=REFERENCE)
        self._by_kind = dict(zip(kinds, map(_convert, schemas), strict=True))
        self._components: dict[str, JsonSchema] = {
            name: _convert(without_description(schema)) for name, schema in components.items()
        }
        self._examples = examples

    def published(self, without: Collection[Any]) -> dict[str, JsonSchema]:
        """All named schemas but those of these Structs, each with its example."""
        hidden = {self._name(kind) for kind in without}
        return {
            name: schema | ({"examples": [self._examples[name]]} if name in self._examples else {})
            for name, schema in sorted(self._components.items())
            if name not in hidden
        }

    def content(self, kind: Any) -> JsonSchema:
        """A JSON body of this type."""
        schema = self._by_kind[kind]
        example = self._example(schema)
        return {_JSON: {"schema": schema} | ({} if example is None else {"example": example})}

    def parameters(self, query: Any) -> list[JsonSchema]:
        """Each field of a query's Struct as a parameter."""
        schema = self._components[self._name(query)]
        prefixes = {field: prefix for prefix, field in prefixes_of(query).items()}
        return [
            _prefixed_parameter(prefixes[name], field)
            if name in prefixes
            else _parameter(name, field, is_required=name in schema["required"])
            for name, field in schema["properties"].items()
        ]

    def _name(self, kind: Any) -> str:
        return str(self._by_kind[kind]["$ref"]).rpartition("/")[2]

    def _example(self, schema: JsonSchema) -> Any:
        if schema.get("type") == "array":
            one = self._example(schema["items"])
            return None if one is None else [one]
        return self._examples.get(schema.get("$ref", "").rpartition("/")[2])


def without_description(schema: JsonSchema) -> JsonSchema:
    """Remove the description that msgspec takes from a Struct's docstring."""
    return {name: part for name, part in schema.items() if name != "description"}


def _parameter(name: str, field: JsonSchema, is_required: bool) -> JsonSchema:
    schema = _without_null(field)
    description = schema.pop("description", None)
    parameter = {"name": name, "in": "query", "required": is_required, "schema": schema}
    return parameter | ({"description": description} if description else {})


def _prefixed_parameter(prefix: str, field: JsonSchema) -> JsonSchema:
    """All parameters whose names begin so, as an object whose properties they are."""
    parameter = _parameter(f"{prefix}*", field, is_required=False)
    schema = parameter["schema"] | {"propertyNames": {"pattern": f"^{re.escape(prefix)}."}}
    schema.pop("default", None)
    return parameter | {"style": "form", "explode": True, "schema": schema}


def _convert(schema: Any) -> Any:
    """Publish decimals as JSON numbers, as common.api sends them.

    msgspec's own schemas say strings.
    """
    if isinstance(schema, list):
        return [_convert(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("format") == "decimal":
        rest = {name: part for name, part in schema.items() if name not in ("type", "format")}
        return {"type": "number"} | rest
    return {name: _convert(part) for name, part in schema.items()}


def _without_null(schema: JsonSchema) -> JsonSchema:
    """A query string has no null: a parameter that may be null may be left out."""
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    if not choices:
        return dict(schema)
    rest = {name: part for name, part in schema.items() if name not in ("anyOf", "default")}
    return rest | (choices[0] if len(choices) == 1 else {"anyOf": choices})
