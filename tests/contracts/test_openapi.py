"""OpenAPI documents and the state machine's diagram, checked against the code."""

import json
import re
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from delivery.paths import ROOT, SERVICES
from docgen import state_machine_page
from docgen.openapi import shop
from docgen.openapi.changes import incompatible

DOCUMENTS = (*SERVICES, "shop")
# Codes of API Gateway and of the framework, which every service has.
EVERYWHERE = {"Unauthorized", "InternalServerError"}


@pytest.fixture(scope="module")
def today() -> dict[str, Any]:
    """The documents as the code is now."""
    return shop.documents()


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_up_to_date(today, name):
    assert (shop.FOLDER / f"{name}.json").read_text() == shop.text(today[name]), "run: make openapi"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_valid_openapi(today, name):
    assert list(OpenAPIV31SpecValidator(today[name]).iter_errors()) == []


def test_no_change_breaks_clients_of_the_last_release(today):
    """A new major version is released by `make openapi RELEASED=1`."""
    assert incompatible(json.loads(shop.RELEASED.read_text()), today["shop"]) == []


def test_every_example_matches_its_schema(today):
    examples = json.loads(shop.EXAMPLES.read_text())
    for service in SERVICES:
        components = today[service]["components"]
        for name, example in examples[service].items():
            assert name in components["schemas"], f"{service} has no {name} any more"
            schema = {"$ref": f"#/components/schemas/{name}", "components": components}
            jsonschema.validate(example, schema, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("service", SERVICES)
def test_a_services_readme_names_every_route_and_error(today, service):
    page = (ROOT / service / "README.md").read_text()
    routes = [
        (path, method, view)
        for path, ways in today[service]["paths"].items()
        for method, view in ways.items()
    ]
    codes = {
        code
        for *_, view in routes
        for code in re.findall(r"- `(\w+)`:", json.dumps(view["responses"]))
    }

    assert [
        route for path, method, _ in routes if (route := f"{method.upper()} {path}") not in page
    ] == []
    assert sorted(code for code in codes - EVERYWHERE if f"`{code}`" not in page) == []


def test_the_state_machines_page_is_up_to_date():
    assert state_machine_page.PAGE.read_text() == state_machine_page.page(), "run: make docs"


def test_the_diagram_has_every_state_and_transition():
    drawn = state_machine_page.page()
    for name, state in states(state_machine_page.stored()):
        key = name.rstrip("?")
        following = [
            state.get("Next"),
            state.get("Default"),
            *(to["Next"] for to in state.get("Choices", [])),
        ]
        following += [catch["Next"] for catch in state.get("Catch", [])]
        for to in filter(None, following):
            assert f"    {key} --> {to.rstrip('?')}" in drawn, name


def states(machine):
    for name, state in machine["States"].items():
        yield name, state
        for branch in state.get("Branches", []):
            yield from states(branch)
