"""The OpenAPI files: docs/openapi/<service>.json, shop.json, and released.json."""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from delivery.paths import ROOT, SERVICES
from delivery.paths import service as folder_of
from docgen.openapi import declarations
from docgen.openapi.document import build, build_document
from docgen.openapi.schemas import REFERENCE, JsonSchema

FOLDER = ROOT / "docs/openapi"
SHOP = FOLDER / "shop.json"
RELEASED = FOLDER / "released.json"
EXAMPLES = FOLDER / "examples.json"
_AT_ONCE = 2


def documents() -> dict[str, JsonSchema]:
    """Build the document of each service, and under `shop` that of all of them."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        services = dict(zip(SERVICES, pool.map(_read_alone, SERVICES), strict=True))
    return {**services, "shop": merged(list(services.values()))}


def merged(parts: list[JsonSchema]) -> JsonSchema:
    """Merge documents. Schemas of one name that differ get their service's name."""
    meanings: dict[str, list[JsonSchema]] = {}
    for part in parts:
        for name, schema in part["components"]["schemas"].items():
            known = meanings.setdefault(name, [])
            known += [] if schema in known else [schema]
    contested = {name for name, known in meanings.items() if len(known) > 1}
    renamed = [_renamed(part, contested) for part in parts]
    operations = Counter(
        operation["operationId"]
        for part in parts
        for methods in part["paths"].values()
        for operation in methods.values()
    )
    assert operations.total() == len(operations), f"views of one name: {operations.most_common(1)}"
    paths = {path: methods for part in renamed for path, methods in part["paths"].items()}
    schemas = {
        name: schema
        for part in renamed
        for name, schema in part["components"]["schemas"].items()
        if name != "Error"
    }
    return build_document("The shop", paths, dict(sorted(schemas.items())))


def text(document: JsonSchema) -> str:
    """Format a document as in its file."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def service(name: str) -> JsonSchema:
    """Build one service's document, in this process."""
    sys.path.insert(0, str(folder_of(name)))
    module = importlib.import_module("app")
    declarations.validate(module.api, vars(module))
    return build(module.api, json.loads(EXAMPLES.read_text()).get(name, {}))


def main() -> None:
    """Write all documents, or print one service's."""
    parser = argparse.ArgumentParser(prog="python -m docgen.openapi.shop", description=__doc__)
    parser.add_argument("service", nargs="?", choices=SERVICES, help="print this one only")
    parser.add_argument(
        "--released", action="store_true", help="clients know it now: what is in it stays"
    )
    given = parser.parse_args()
    try:
        if given.service:
            print(text(service(given.service)), end="")
        else:
            _write(given.released)
    except declarations.DeclarationMismatch as gap:
        sys.exit(str(gap))


def _write(released: bool) -> None:
    for name, document in documents().items():
        (FOLDER / f"{name}.json").write_text(text(document))
    if released:
        RELEASED.write_text(SHOP.read_text())


def _read_alone(name: str) -> Any:
    command = [sys.executable, "-m", "docgen.openapi.shop", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "common")}
    printed = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if printed.returncode:
        raise declarations.DeclarationMismatch(f"{name}: {printed.stderr.strip()}")
    return json.loads(printed.stdout)


def _renamed(part: JsonSchema, contested: set[str]) -> JsonSchema:
    own = {name: f"{part['info']['title']}.{name}" for name in contested}
    references = {
        REFERENCE.format(name=old): REFERENCE.format(name=new) for old, new in own.items()
    }
    schemas = {
        own.get(name, name): schema for name, schema in part["components"]["schemas"].items()
    }
    renamed: JsonSchema = _pointed(
        part | {"components": part["components"] | {"schemas": schemas}}, references
    )
    return renamed


def _pointed(node: Any, references: dict[str, str]) -> Any:
    """The node with its references changed."""
    if isinstance(node, list):
        return [_pointed(part, references) for part in node]
    if not isinstance(node, dict):
        return node
    return {
        name: references.get(part, part) if name == "$ref" else _pointed(part, references)
        for name, part in node.items()
    }


if __name__ == "__main__":
    main()
