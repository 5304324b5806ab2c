from typing import ClassVar

import pytest

from common.schemas import InvalidQuery, Schema, parse_query, reject_unknown_parameters


class Search(Schema):
    prefixes: ClassVar[dict[str, str]] = {"attr.": "attributes"}

    q: str | None = None
    attributes: dict[str, str] = {}


def test_parameters_with_a_prefix_are_taken_into_one_field():
    parameters = {"q": "bowl", "attr.colour": "red", "attr.Size": "L"}
    reject_unknown_parameters({name: [value] for name, value in parameters.items()}, Search)

    query = parse_query(parameters, Search)

    assert (query.q, query.attributes) == ("bowl", {"colour": "red", "Size": "L"})


@pytest.mark.parametrize("name", ["attr.", "attributes", "colour", "Attr.colour"])
def test_a_parameter_without_the_prefix_is_unknown(name):
    with pytest.raises(InvalidQuery, match=r"known are: q, attr\.<name>"):
        reject_unknown_parameters({name: ["red"]}, Search)


def test_a_parameter_with_a_prefix_is_given_once():
    with pytest.raises(InvalidQuery, match="expected once"):
        reject_unknown_parameters({"attr.colour": ["red", "blue"]}, Search)
