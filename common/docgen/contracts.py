"""Generate the contracts between services.

Events, inputs and results of saga steps, attributes of tables.

`make contracts` writes tests/neighbours.json of each service. With RELEASED=1 it also writes
docs/contracts/released.json: what runs on `prod` from now on. Until the next release old and new
versions meet there; tests/contracts/test_released.py checks today's code against it, both ways.
"""

import argparse
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
from pynamodb.models import Model

from common.routes import Function
from delivery.paths import ROOT, SERVICES
from delivery.paths import service as folder_of
from docgen import event_page, state_machine_page
from docgen.openapi.schemas import REFERENCE, JsonSchema, without_description
from testkit import foreign_tables

RELEASED = ROOT / "docs/contracts/released.json"
_FUNCTION = re.compile(r"\$\{\w+\}-([a-z-]+)\$\{Alias\}")
_FIELD = re.compile(r"'(\w+)': ")
_VARIABLE = re.compile(r"\$(states\.input|\w+)(?![\w.(])")  # merged as a whole
_SAGA_INPUT = {"states.input": {"orderId", "userId", "correlationId"}}


class ServiceUnreadable(RuntimeError):
    """A service's app could not be imported. The message is what it printed."""


def today() -> dict[str, Any]:
    """Read the contracts of all services, each in its own process: all have an `app`."""
    services = {name: _read_alone(name) for name in SERVICES}
    return {
        "events": _events(),
        "steps": {
            step: shape
            for contract in services.values()
            for step, shape in contract["steps"].items()
        },
        "sentToSteps": sent_to_steps(),
        "tables": {name: contract["tables"] for name, contract in services.items()},
    }


def service(name: str) -> dict[str, Any]:
    """Read one service's contracts, in this process."""
    sys.path.insert(0, str(folder_of(name)))
    api = importlib.import_module("app").api
    return {
        "steps": {function.name: _step(function) for function in api.functions},
        "tables": _tables(name),
    }


def _tables(name: str) -> dict[str, Any]:
    """The attributes that the service knows of each table, of all its models."""
    tables: dict[str, Any] = {}
    for model in models(name):
        tables.setdefault(model.Meta.table_name, {}).update(_attributes(model))
    return tables


def models(name: str) -> Iterator[type[Model]]:
    """Yield every PynamoDB model of a service whose folder is on the path."""
    root = folder_of(name)
    for path in sorted(root.glob("chalicelib/*/*.py")):
        module = importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
        for _, model in inspect.getmembers(module, inspect.isclass):
            if (
                issubclass(model, Model)
                and model.__module__ == module.__name__
                and hasattr(model, "Meta")
            ):
                yield model


def text(contracts: dict[str, Any]) -> str:
    """Format the contracts as in their file."""
    return json.dumps(contracts, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write the contracts, or print one service's."""
    parser = argparse.ArgumentParser(prog="python -m docgen.contracts", description=__doc__)
    parser.add_argument("service", nargs="?", choices=SERVICES, help="print this one only")
    parser.add_argument(
        "--released", action="store_true", help="this is what runs on prod from now on"
    )
    given = parser.parse_args()
    if given.service:
        print(text(service(given.service)))
        return
    foreign_tables.write()
    if given.released:
        RELEASED.parent.mkdir(exist_ok=True)
        RELEASED.write_text(text(today()))


def sent_to_steps() -> dict[str, list[list[str]]]:
    """Return the fields that the state machine sends to each step, at each call."""
    states = state_machine_page.stored()["States"].values()
    variables = dict(_SAGA_INPUT)
    for state in states:
        for name, value in state.get("Assign", {}).items():
            if isinstance(value, str) and name not in variables:
                variables[name] = _fields(value, variables)
    sent: dict[str, list[list[str]]] = {}
    for state in states:
        arguments = state.get("Arguments", {})
        if called := _FUNCTION.fullmatch(arguments.get("FunctionName", "")):
            fields = sorted(_fields(arguments["Payload"], variables))
            sent.setdefault(called[1], []).append(fields)
    return sent


def _fields(expression: str, variables: dict[str, set[str]]) -> set[str]:
    """List the fields of an object in JSONata.

    Its own, and those of variables that it merges.
    """
    merged = [variables.get(name, set()) for name in _VARIABLE.findall(expression)]
    return set(_FIELD.findall(expression)).union(*merged)


def _events() -> dict[str, JsonSchema]:
    """The detail of each event, without references."""
    schemas = event_page.schemas()
    return {
        name: _inline_references(shape, schemas["$defs"], "#/$defs/")
        for name, shape in schemas["events"].items()
    }


def _step(function: Function) -> dict[str, JsonSchema | None]:
    returns = function.returns
    return {
        "input": _schema(function.takes),
        "answer": _schema(returns) if returns is not None else None,
    }


def _schema(kind: Any) -> JsonSchema:
    (schema,), components = msgspec.json.schema_components([kind], ref_template=REFERENCE)
    described = {name: without_description(part) for name, part in components.items()}
    inlined: JsonSchema = _inline_references(schema, described, REFERENCE.format(name=""))
    return inlined


def _inline_references(node: Any, components: dict[str, JsonSchema], prefix: str) -> Any:
    """Resolve the references in a node."""
    if isinstance(node, list):
        return [_inline_references(part, components, prefix) for part in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inline_references(components[node["$ref"].removeprefix(prefix)], components, prefix)
    return {name: _inline_references(part, components, prefix) for name, part in node.items()}


def _attributes(model: type[Model]) -> dict[str, dict[str, Any]]:
    """Each attribute's type, and whether it may be unwritten or unread."""
    return {
        str(attribute.attr_name): {
            "type": attribute.attr_type,
            "unwritten": bool(attribute.null),
            "unread": bool(attribute.null) or attribute.default is not None,
        }
        for attribute in model.get_attributes().values()
    }


def _read_alone(name: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "docgen.contracts", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "common")}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if printed.returncode:
        raise ServiceUnreadable(f"{name}: {printed.stderr.strip()}")
    description: dict[str, Any] = json.loads(printed.stdout)
    return description


if __name__ == "__main__":
    main()
