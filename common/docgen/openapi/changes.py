"""Breaking changes between two OpenAPI documents."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from docgen.openapi.schemas import JsonSchema

_AT_LEAST = ("minimum", "minLength", "minItems")
_AT_MOST = ("maximum", "maxLength", "maxItems")
_EXACTLY = ("pattern", "format")


def incompatible(old: JsonSchema, new: JsonSchema) -> list[str]:
    """List each breaking change. New routes and optional fields break nothing."""
    changes: list[str] = []
    for path, methods in old["paths"].items():
        for method, before in methods.items():
            where = f"{method.upper()} {path}"
            after = new["paths"].get(path, {}).get(method)
            changes += _of_route(where, before, after, old, new) if after else [f"{where} is gone"]
    return changes


def unread(where: str, sent: JsonSchema, read: JsonSchema) -> list[str]:
    """List what a reader that ignores unknown fields cannot read of what is sent."""
    return _Sent({}, {}).excess(where, all_given(sent), read)


def all_given(schema: JsonSchema) -> JsonSchema:
    """A sender's own Structs are sent with all fields, defaults too."""
    if "properties" in schema:
        parts = {name: all_given(part) for name, part in schema["properties"].items()}
        return schema | {"properties": parts, "required": list(parts)}
    return schema | ({"items": all_given(schema["items"])} if "items" in schema else {})


def _of_route(
    where: str, before: JsonSchema, after: JsonSchema, old: JsonSchema, new: JsonSchema
) -> Iterator[str]:
    asked, answered = _Asked(old, new), _Answered(new, old)
    if after["security"] and not before["security"]:
        yield f"{where} asks for a token now"
    yield from _of_parameters(where, _parameters(before), _parameters(after), asked)
    yield from _of_bodies(
        f"{where}: body", before.get("requestBody"), after.get("requestBody"), asked
    )
    for status, response in before["responses"].items():
        if status.startswith("2"):
            yield from _of_answer(
                f"{where}: {status}", response, after["responses"].get(status), answered
            )


def _of_parameters(
    where: str, before: JsonSchema, after: JsonSchema, asked: "_Asked"
) -> Iterator[str]:
    for name, parameter in before.items():
        if name not in after:
            yield f"{where}: {name} is gone"
        else:
            yield from asked.excess(f"{where}: {name}", parameter["schema"], after[name]["schema"])
    for name, parameter in after.items():
        if parameter.get("required") and not before.get(name, {}).get("required"):
            yield f"{where}: {name} has to be given now"


def _of_bodies(
    where: str, before: JsonSchema | None, after: JsonSchema | None, asked: "_Asked"
) -> Iterator[str]:
    if after and not before:
        yield f"{where} has to be given now"
    elif before and not after:
        yield f"{where} is gone"
    elif before and after:
        yield from asked.excess(where, _schema(before), _schema(after))


def _of_answer(
    where: str, before: JsonSchema, after: JsonSchema | None, answered: "_Answered"
) -> Iterator[str]:
    if after is None:
        yield f"{where} is gone"
        return
    for name in before.get("headers", {}):
        if name not in after.get("headers", {}):
            yield f"{where}: {name} is gone"
    if "content" in before:
        yield from (
            answered.excess(where, _schema(after), _schema(before))
            if "content" in after
            else [f"{where} is empty now"]
        )


@dataclass(frozen=True)
class _Within(ABC):
    """Whether all values of one schema are values of another."""

    inner: JsonSchema
    outer: JsonSchema

    def excess(self, where: str, inner: JsonSchema, outer: JsonSchema) -> list[str]:
        """Yield where the inner schema allows what the outer one does not."""
        inner, outer = _resolved(inner, self.inner), _resolved(outer, self.outer)
        if "anyOf" in inner or "anyOf" in outer:
            choices = outer.get("anyOf", [outer])
            fits = all(
                any(not self.excess(where, one, choice) for choice in choices)
                for one in inner.get("anyOf", [inner])
            )
            return [] if fits else [f"{where}: {_brief(inner)} is not {_brief(outer)}"]
        return [*self._of_value(where, inner, outer), *self._of_parts(where, inner, outer)]

    @abstractmethod
    def lost(self, where: str, inner: JsonSchema, outer: JsonSchema) -> list[str]:
        """Yield fields that clients know and the newer schema lacks."""

    def _of_value(self, where: str, inner: JsonSchema, outer: JsonSchema) -> Iterator[str]:
        if "enum" in outer and not set(inner.get("enum", [object()])) <= set(outer["enum"]):
            yield f"{where}: {_brief(inner)} is not {_brief(outer)}"
        if outer.get("type") not in (None, _type(inner)) and _types(inner, outer) != (
            "integer",
            "number",
        ):
            yield f"{where}: {_brief(inner)} is not {_brief(outer)}"
        for rule in (*_AT_LEAST, *_AT_MOST, *_EXACTLY):
            if rule in outer and not _holds(rule, inner.get(rule), outer[rule]):
                yield f"{where}: {rule} {outer[rule]}, where it was or is {inner.get(rule)}"

    def _of_parts(self, where: str, inner: JsonSchema, outer: JsonSchema) -> Iterator[str]:
        if "items" in inner and "items" in outer:
            yield from self.excess(f"{where}[]", inner["items"], outer["items"])
        yield from self.lost(where, inner, outer)
        for name, field in inner.get("properties", {}).items():
            if name in outer.get("properties", {}):
                yield from self.excess(f"{where}.{name}", field, outer["properties"][name])
        for name in set(outer.get("required", [])) - set(inner.get("required", [])):
            yield f"{where}.{name} has to be there, and was or is not always"


class _Sent(_Within):
    """Between services: a field that one side knows is harmless unless it is required."""

    def lost(self, where: str, inner: JsonSchema, outer: JsonSchema) -> list[str]:
        """Nothing."""
        return []


class _Asked(_Within):
    """Requests: what was valid stays valid, so the old schema is the inner one."""

    def lost(self, where: str, inner: JsonSchema, outer: JsonSchema) -> list[str]:
        """Fields that are no longer read."""
        return _gone(where, inner, outer)


class _Answered(_Within):
    """Responses: nothing unknown to clients, so the new schema is the inner one."""

    def lost(self, where: str, inner: JsonSchema, outer: JsonSchema) -> list[str]:
        """Fields that are no longer sent."""
        return _gone(where, outer, inner)


def _gone(where: str, old: JsonSchema, new: JsonSchema) -> list[str]:
    return [
        f"{where}.{name} is gone"
        for name in old.get("properties", {})
        if name not in new.get("properties", {})
    ]


def _parameters(operation: JsonSchema) -> dict[str, JsonSchema]:
    return {f"{one['in']} {one['name']}": one for one in operation.get("parameters", [])}


def _schema(body: JsonSchema) -> JsonSchema:
    schema: JsonSchema = body["content"]["application/json"]["schema"]
    return schema


def _resolved(schema: JsonSchema, document: JsonSchema) -> JsonSchema:
    if "$ref" not in schema:
        return schema
    resolved: JsonSchema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return resolved


def _types(inner: JsonSchema, outer: JsonSchema) -> tuple[Any, Any]:
    return _type(inner), outer.get("type")


def _type(schema: JsonSchema) -> Any:
    """Return the type of a schema. Msgspec writes an enum of texts without one."""
    values = schema.get("enum", [])
    if values and all(isinstance(value, str) for value in values):
        return "string"
    return schema.get("type")


def _holds(rule: str, inner: Any, outer: Any) -> bool:
    if inner is None:
        return False
    if rule in _EXACTLY:
        return bool(inner == outer)
    return bool(inner >= outer if rule in _AT_LEAST else inner <= outer)


def _brief(schema: JsonSchema) -> str:
    brief = schema.get("enum") or schema.get("anyOf") or schema.get("type") or schema
    return str(brief)
