import importlib.util
import json
import sys
from types import SimpleNamespace

import jsonschema
import pytest

from common import api
from docgen.openapi import declarations
from docgen.openapi.changes import incompatible
from docgen.openapi.document import build
from docgen.openapi.shop import merged

SHOES = '''
from decimal import Decimal
from typing import Annotated, Literal

from chalice import ConflictError, ForbiddenError, NotFoundError
from msgspec import Meta

from common.api import Api, Request
from common.routes import Access, Header
from common.pages import Page
from common.schemas import Schema

api = Api("shoe-service")
app, authorizer = api.app, api.authorizer


class NewOrder(Schema, kw_only=True):
    """For engineers only."""

    size: Annotated[int, Meta(ge=35, le=48)]
    colour: Literal["BLACK", "RED"] = "BLACK"
    laces: str | None = None


class Pair(Schema):
    """For engineers only."""

    shoe_id: str
    price: Decimal


class Filters(Schema):
    """For engineers only."""

    size: Annotated[int, Meta(description="The size to list.")]
    colour: str | None = None


class SoldOut(ConflictError):
    """For engineers only."""

    description = "No pair is left."


class ShoeNotFound(NotFoundError):
    """For engineers only."""

    description = "There is no such shoe."


@api.post(
    "/shoe",
    summary="Order shoes",
    description="One pair.",
    body=NewOrder,
    returns=Pair,
    status=201,
    errors=[SoldOut],
    idempotency_key=True,
)
def order_shoes(request: Request[NewOrder]) -> Pair:
    """For engineers only."""
    raise SoldOut


@api.get(
    "/shoe/{shoe_id}",
    access=Access.PUBLIC,
    summary="Look at shoes",
    returns=Pair,
    errors=[ShoeNotFound],
    headers=[Header("X-Shelf", "Where to look.")],
)
def get_shoe(request: Request[None], shoe_id: str) -> Pair:
    raise ShoeNotFound


@api.get(
    "/shoes", access=Access.PUBLIC, summary="List shoes", query=Filters, returns=Page[Pair]
)
def list_shoes(request: Request[Filters]) -> Page[Pair]:
    return Page([])
'''


@pytest.fixture
def described(tmp_path, monkeypatch):
    """The document of a service with this app.py."""

    def describe(source=SHOES, examples=None):
        file = tmp_path / f"app{len(list(tmp_path.iterdir()))}.py"
        file.write_text(source)
        spec = importlib.util.spec_from_file_location("app", file)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "app", module)
        spec.loader.exec_module(module)
        declarations.validate(module.api, vars(module))
        return build(module.api, examples or {})

    return describe


def parameters(operation):
    return {one["name"]: one for one in operation["parameters"]}


def body(holder):
    return holder["content"]["application/json"]


def codes(operation, status):
    return body(operation["responses"][str(status)])["schema"]["allOf"][1]["properties"]["Code"][
        "enum"
    ]


def test_a_route_says_what_it_takes(described):
    operation = described()["paths"]["/shoe"]["post"]

    assert body(operation["requestBody"])["schema"] == {"$ref": "#/components/schemas/NewOrder"}
    assert parameters(operation)["Idempotency-Key"]["in"] == "header"
    assert operation["security"] == [{"accessToken": []}]
    assert (operation["operationId"], operation["summary"], operation["description"]) == (
        "orderShoes",
        "Order shoes",
        "One pair.",
    )


def test_nothing_of_a_docstring_is_published(described):
    assert "engineers" not in json.dumps(described())


def test_a_public_route_says_that_it_needs_no_token(described):
    operation = described()["paths"]["/shoes"]["get"]

    assert operation["security"] == []
    assert "401" not in operation["responses"]


def test_a_query_is_told_parameter_by_parameter(described):
    published = parameters(described()["paths"]["/shoes"]["get"])

    assert (published["size"]["required"], published["size"]["schema"]) == (
        True,
        {"type": "integer"},
    )
    assert published["size"]["description"] == "The size to list."
    assert (published["colour"]["required"], published["colour"]["schema"]) == (
        False,
        {"type": "string"},
    )


def test_a_page_of_a_list_tells_where_the_next_one_starts(described):
    answer = described()["paths"]["/shoes"]["get"]["responses"]["200"]

    assert "X-Next-Cursor" in answer["headers"]
    assert body(answer)["schema"] == {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Pair"},
    }


def test_an_id_in_the_path_has_the_name_that_it_has_on_the_wire(described):
    operation = described()["paths"]["/shoe/{shoeId}"]["get"]

    assert parameters(operation)["shoeId"]["required"]


def test_a_header_that_a_route_reads_is_told(described):
    assert parameters(described()["paths"]["/shoe/{shoeId}"]["get"])["X-Shelf"]["in"] == "header"


def test_money_is_a_number(described):
    assert described()["components"]["schemas"]["Pair"]["properties"]["price"] == {"type": "number"}


def test_an_example_stands_with_its_schema_and_in_each_list_of_it(described):
    example = {"shoeId": "SHOE#1", "price": 12.99}
    document = described(examples={"Pair": example})

    assert document["components"]["schemas"]["Pair"]["examples"] == [example]
    assert body(document["paths"]["/shoes"]["get"]["responses"]["200"])["example"] == [example]


def test_a_route_publishes_its_errors_and_those_of_what_it_takes(described):
    document = described()

    assert codes(document["paths"]["/shoe/{shoeId}"]["get"], 404) == ["ShoeNotFound"]
    assert codes(document["paths"]["/shoe/{shoeId}"]["get"], 400) == [
        "InvalidId",
        "InvalidQuery",
    ]
    assert codes(document["paths"]["/shoe"]["post"], 400) == [
        "InvalidBody",
        "InvalidIdempotencyKey",
        "InvalidQuery",
    ]
    assert codes(document["paths"]["/shoe"]["post"], 401) == ["Unauthorized"]
    sold_out = document["paths"]["/shoe"]["post"]["responses"]["409"]
    assert sold_out["description"] == "- `SoldOut`: No pair is left."


@pytest.mark.parametrize(
    ("was", "becomes", "mismatch"),
    [
        ("Request[NewOrder]) -> Pair", "Request[Pair]) -> Pair", "POST /shoe: its handler takes"),
        (
            "Request[NewOrder]) -> Pair",
            "Request[NewOrder]) -> NewOrder",
            "POST /shoe: its handler returns",
        ),
        ('    description = "No pair is left."', "", "POST /shoe: SoldOut has no description"),
    ],
)  # fmt: skip
def test_a_declaration_that_its_handler_contradicts_is_refused(described, was, becomes, mismatch):
    assert SHOES.count(was) == 1

    with pytest.raises(declarations.DeclarationMismatch, match=mismatch):
        described(SHOES.replace(was, becomes))


@pytest.mark.parametrize("key", ["k", "~!aZ09", "k" * 128, "", "k" * 129, "a b", "é", "a\n"])
def test_the_documented_keys_are_those_that_are_taken(described, key):
    documented = parameters(described()["paths"]["/shoe"]["post"])["Idempotency-Key"]["schema"]

    assert matches(documented, key) == is_taken(key)


def matches(schema, text):
    return jsonschema.Draft202012Validator(schema).is_valid(text) and not text.endswith("\n")


def is_taken(key):
    try:
        return api._read_key(SimpleNamespace(headers={"Idempotency-Key": key})) == key
    except api.InvalidIdempotencyKey:
        return False


def test_of_two_services_with_a_schema_of_one_name_each_keeps_its_own(described):
    boots = described(SHOES.replace("shoe", "boot").replace("le=48", "le=50"))
    whole = merged([described(), boots])

    used = {
        path: body(whole["paths"][path]["post"]["requestBody"])["schema"]["$ref"]
        for path in ("/shoe", "/boot")
    }
    assert used == {
        "/shoe": "#/components/schemas/shoe-service.NewOrder",
        "/boot": "#/components/schemas/boot-service.NewOrder",
    }
    largest = {
        name: schema["properties"]["size"]["maximum"]
        for name, schema in whole["components"]["schemas"].items()
        if name.endswith(".NewOrder")
    }
    assert largest == {"shoe-service.NewOrder": 48, "boot-service.NewOrder": 50}


@pytest.mark.parametrize(
    ("was", "becomes", "broken"),
    [
        ('"/shoes", access', '"/boots", access', "GET /shoes is gone"),
        ("def order_shoes", "def buy_shoes", None),
        ("le=48", "le=47", "POST /shoe: body.size: maximum 47, where it was or is 48"),
        ("le=48", "le=49", None),
        ('"BLACK", "RED"', '"BLACK"', "POST /shoe: body.colour: ['BLACK', 'RED'] is not ['BLACK']"),
        ('"BLACK", "RED"', '"BLACK", "BLUE", "RED"', None),
        ("    laces: str | None = None\n", "", "POST /shoe: body.laces is gone"),
        (
            '"RED"] = "BLACK"', '"RED"]',
            "POST /shoe: body.colour has to be there, and was or is not always",
        ),
        ("laces: str | None = None", "laces: str | None = None\n    heel: int = 3", None),
        (
            "laces: str | None = None", "laces: str | None = None\n    heel: int",
            "POST /shoe: body.heel has to be there, and was or is not always",
        ),
        ("price: Decimal", "price: str", "POST /shoe: 201.price: string is not number"),
        ("    price: Decimal\n", "", "POST /shoe: 201.price is gone"),
        ("    shoe_id: str", '    shoe_id: Literal["LEFT", "RIGHT"]', None),
        (
            "    price: Decimal", '    price: Literal["CHEAP"]',
            "POST /shoe: 201.price: ['CHEAP'] is not number",
        ),
        ("    price: Decimal\n", "    price: Decimal\n    name: str\n", None),
        ("status=201", "status=202", "POST /shoe: 201 is gone"),
        (
            "returns=Page[Pair]\n)\ndef list_shoes(request: Request[Filters]) -> Page[Pair]",
            "returns=list[Pair]\n)\ndef list_shoes(request: Request[Filters]) -> list[Pair]",
            "GET /shoes: 200: X-Next-Cursor is gone",
        ),
        (
            "    colour: str | None = None", "    colour: str",
            "GET /shoes: query colour has to be given now",
        ),
        ("    colour: str | None = None\n", "", "GET /shoes: query colour is gone"),
        (
            '"/shoes", access=Access.PUBLIC', '"/shoes", access=Access.CUSTOMER',
            "GET /shoes asks for a token now",
        ),
    ],
)  # fmt: skip
def test_a_change_that_breaks_clients_is_named_and_another_is_not(described, was, becomes, broken):
    assert SHOES.count(was) == 1

    changes = incompatible(described(), described(SHOES.replace(was, becomes)))

    assert changes[:1] == ([broken] if broken else [])
