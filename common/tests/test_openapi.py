import importlib.util
import sys
from types import SimpleNamespace

import jsonschema
import pytest

from common import http
from docgen.openapi.changes import incompatible
from docgen.openapi.code import NotTold
from docgen.openapi.document import build
from docgen.openapi.shop import merged

SHOES = '''
from decimal import Decimal
from typing import Annotated, Literal

from chalice import ConflictError, ForbiddenError, NotFoundError
from msgspec import Meta

from common import auth, http

app = http.create_app("shoe-service")
authorizer = auth.jwt_authorizer(app)


class Wanted(http.Body, kw_only=True):
    """The pair that somebody wants."""

    size: Annotated[int, Meta(ge=35, le=48)]
    colour: Literal["BLACK", "RED"] = "BLACK"
    laces: str | None = None


class Pair(http.Body):
    """A pair of shoes."""

    shoe_id: str
    price: Decimal


class Filters(http.Body):
    """Which shoes to list."""

    size: int
    colour: str | None = None


class SoldOut(ConflictError):
    """No pair is left."""


class NoSuchShoe(NotFoundError):
    """Nobody makes it."""


class NotForSale(ForbiddenError):
    """It stands in the window."""


SHELF = "X-Shelf"
REFUSALS = {"NotForSale": NotForSale}


def order(wanted: Wanted, key: str | None) -> Pair:
    """Put a pair aside; safe to repeat with its key."""
    try:
        return find(wanted)
    except NoSuchShoe:
        raise SoldOut("sold out") from None


def find(wanted: Wanted) -> Pair:
    """The pair; NoSuchShoe if there is none."""
    if wanted.size > 47:
        raise REFUSALS["NotForSale"]
    return [Pair(shoe_id="SHOE#1", price=Decimal("12.99"))][0] or missing()


def missing() -> Pair:
    raise NoSuchShoe("no such shoe")


def listed(filters: Filters) -> tuple[list[Pair], str | None]:
    """A page of shoes."""
    return [], None


@app.route("/shoe", methods=["POST"], authorizer=authorizer)
def order_shoes():
    """Order shoes."""
    return http.created(order(http.body(app, Wanted), http.idempotency_key(app)))


@app.route("/shoe/{shoe_id}", methods=["GET"])
def show_shoes(shoe_id):
    """Look at shoes."""
    app.current_request.headers.get(SHELF)
    return find(Wanted(size=40))


@app.route("/shoes", methods=["GET"])
def list_shoes():
    """Look at all of them."""
    pairs, cursor = listed(http.query(app, Filters))
    return http.page(pairs, cursor)
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
        return build(module.app, examples or {})

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

    assert body(operation["requestBody"])["schema"] == {"$ref": "#/components/schemas/Wanted"}
    assert parameters(operation)["Idempotency-Key"]["in"] == "header"
    assert operation["security"] == [{"accessToken": []}]
    assert (operation["summary"], operation["description"]) == (
        "Order shoes.",
        "Put a pair aside; safe to repeat with its key.",
    )


def test_a_public_route_says_that_it_needs_no_token(described):
    operation = described()["paths"]["/shoes"]["get"]

    assert operation["security"] == []
    assert "401" not in operation["responses"]


def test_a_query_is_told_parameter_by_parameter(described):
    told = parameters(described()["paths"]["/shoes"]["get"])

    assert (told["size"]["required"], told["size"]["schema"]) == (True, {"type": "integer"})
    assert (told["colour"]["required"], told["colour"]["schema"]) == (False, {"type": "string"})


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


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("le=48", "le=50"),
        ("laces: str | None", "laces: int | None"),
        ("price: Decimal", "price: Decimal\n    currency: str"),
        ("http.created(", "http.accepted("),
        (', http.idempotency_key(app)', ', None'),
        ("    size: int\n    colour: str | None", "    size: int\n    brand: str | None"),
        (", authorizer=authorizer", ""),
        ("def order(wanted: Wanted, key: str | None) -> Pair", "def order(wanted: Wanted, key: str | None) -> Wanted"),
    ],
)  # fmt: skip
def test_the_document_follows_the_code(described, was, becomes):
    assert SHOES.count(was) == 1

    assert described(SHOES.replace(was, becomes)) != described()


def test_an_error_raised_anywhere_below_a_route_is_documented(described):
    document = described()

    assert codes(document["paths"]["/shoe/{shoeId}"]["get"], 404) == ["NoSuchShoe"]
    assert codes(document["paths"]["/shoe/{shoeId}"]["get"], 403) == ["NotForSale"]
    assert codes(document["paths"]["/shoe"]["post"], 400) == [
        "InvalidBody",
        "InvalidIdempotencyKey",
    ]
    assert codes(document["paths"]["/shoe"]["post"], 401) == ["Unauthorized"]


def test_an_error_that_is_caught_on_the_way_is_not(described):
    responses = described()["paths"]["/shoe"]["post"]["responses"]

    assert "404" not in responses
    assert responses["409"]["description"] == "- `SoldOut`: No pair is left."


def test_an_error_that_is_caught_in_one_place_still_comes_from_another(described):
    both = SHOES.replace("    try:\n", "    find(wanted)\n    try:\n")

    assert codes(described(both)["paths"]["/shoe"]["post"], 404) == ["NoSuchShoe"]


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("def find(wanted: Wanted) -> Pair:", "def find(wanted: Wanted):"),
        ("return find(Wanted(size=40))", "return {'size': 40}"),
        (
            "return find(Wanted(size=40))",
            "if shoe_id:\n        return None\n    return find(Wanted(size=40))",
        ),
    ],
)
def test_a_route_that_does_not_say_what_it_answers_is_no_service_of_the_shop(
    described, was, becomes
):
    with pytest.raises(NotTold, match="show_shoes"):
        described(SHOES.replace(was, becomes))


@pytest.mark.parametrize("key", ["k", "~!aZ09", "k" * 128, "", "k" * 129, "a b", "é", "a\n"])
def test_the_documented_keys_are_those_that_are_taken(described, key):
    documented = parameters(described()["paths"]["/shoe"]["post"])["Idempotency-Key"]["schema"]

    assert matches(documented, key) == is_taken(key)


def matches(schema, text):
    return jsonschema.Draft202012Validator(schema).is_valid(text) and not text.endswith("\n")


def is_taken(key):
    app = SimpleNamespace(current_request=SimpleNamespace(headers={"Idempotency-Key": key}))
    try:
        return http.idempotency_key(app) == key
    except http.InvalidIdempotencyKey:
        return False


def test_of_two_services_with_a_schema_of_one_name_each_keeps_its_own(described):
    boots = described(SHOES.replace("shoe", "boot").replace("le=48", "le=50"))
    whole = merged([described(), boots])

    used = {
        path: body(whole["paths"][path]["post"]["requestBody"])["schema"]["$ref"]
        for path in ("/shoe", "/boot")
    }
    assert used == {
        "/shoe": "#/components/schemas/shoe-service.Wanted",
        "/boot": "#/components/schemas/boot-service.Wanted",
    }
    largest = {
        name: schema["properties"]["size"]["maximum"]
        for name, schema in whole["components"]["schemas"].items()
        if name.endswith(".Wanted")
    }
    assert largest == {"shoe-service.Wanted": 48, "boot-service.Wanted": 50}


@pytest.mark.parametrize(
    ("was", "becomes", "broken"),
    [
        ('"/shoes", methods', '"/boots", methods', "GET /shoes is gone"),
        ("def order_shoes", "def buy_shoes", None),
        ("le=48", "le=47", "POST /shoe: body.size: maximum 47, where it was or is 48"),
        ("le=48", "le=49", None),
        ('"BLACK", "RED"', '"BLACK"', "POST /shoe: body.colour: ['BLACK', 'RED'] is not ['BLACK']"),
        ('"BLACK", "RED"', '"BLACK", "BLUE", "RED"', None),
        ("    laces: str | None = None\n", "", "POST /shoe: body.laces is gone"),
        ('"RED"] = "BLACK"', '"RED"]', "POST /shoe: body.colour has to be there, and was or is not always"),
        ("laces: str | None = None", "laces: str | None = None\n    heel: int = 3", None),
        ("laces: str | None = None", "laces: str | None = None\n    heel: int", "POST /shoe: body.heel has to be there, and was or is not always"),
        ("price: Decimal", "price: str", "POST /shoe: 201.price: string is not number"),
        ("    price: Decimal\n", "", "POST /shoe: 201.price is gone"),
        ("    price: Decimal\n", "    price: Decimal\n    name: str\n", None),
        ("http.created(", "http.accepted(", "POST /shoe: 201 is gone"),
        ("http.page(pairs, cursor)", "pairs", "GET /shoes: 200: X-Next-Cursor is gone"),
        ("    size: int\n    colour: str | None = None", "    size: int\n    colour: str", "GET /shoes: query colour has to be given now"),
        ("    size: int\n    colour: str | None = None", "    size: int", "GET /shoes: query colour is gone"),
        ('"/shoes", methods=["GET"]', '"/shoes", methods=["GET"], authorizer=authorizer', "GET /shoes asks for a token now"),
    ],
)  # fmt: skip
def test_a_change_that_breaks_clients_is_named_and_another_is_not(described, was, becomes, broken):
    assert SHOES.count(was) == 1

    found = incompatible(described(), described(SHOES.replace(was, becomes)))

    assert found[:1] == ([broken] if broken else [])
