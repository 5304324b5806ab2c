"""API Gateway's own responses to browsers: preflight requests and rejections."""

import copy

import httpx
import pytest

from common import security_headers
from delivery import stacks, templates
from devcloud.tests.support.rest_apis import api, document, url

SHOP, OFFICE = "https://shop.example", "https://office.example"


def finished(*origins):
    """A template as Chalice makes it, finished."""
    variables = {security_headers.ORIGINS: " ".join(origins)}
    handler = {
        "Type": "AWS::Serverless::Function",
        "Properties": {"Environment": {"Variables": variables}},
    }
    rest = {
        "Type": "AWS::Serverless::Api",
        "Properties": {"DefinitionBody": copy.deepcopy(document("/things"))},
    }
    template = {
        "Resources": {"APIHandler": handler, "RestAPI": rest},
        "Outputs": {"RestAPIId": {"Value": {"Ref": "RestAPI"}}},
    }
    templates.finish(template, "things", "local", {})
    return rest["Properties"]["DefinitionBody"]


def script(body):
    answer = body["paths"]["/things"]["options"]["x-amazon-apigateway-integration"]["responses"][
        "default"
    ]
    return answer.get("responseTemplates", {}).get("application/json", "")


def rejections(body):
    return [
        each["responseParameters"]
        for each in body["x-amazon-apigateway-gateway-responses"].values()
    ]


def test_a_preflight_response_names_the_origin_that_asks_out_of_several():
    headers = script(finished(SHOP, OFFICE))

    assert f'$origin == "{SHOP}" || $origin == "{OFFICE}"' in headers
    assert "$context.responseOverride.header.Access-Control-Allow-Origin = $origin" in headers


@pytest.mark.parametrize(
    ("origin", "allowed"),  # the document itself allows all
    [(SHOP, SHOP), (OFFICE, OFFICE), ("https://evil.example", "*")],
)
def test_a_preflight_answer_names_the_origin_that_asks(cloud, stack, origin, allowed):
    stack("origins", api(finished(SHOP, OFFICE)), Id={"Ref": "Api"})
    address = url(cloud, stacks.output(cloud, "origins", "Id"), "/things")

    answer = httpx.options(address, headers={"Origin": origin})

    assert (answer.status_code, answer.text) == (200, "")
    assert answer.headers["Access-Control-Allow-Origin"] == allowed


@pytest.mark.parametrize("origins", [(), (SHOP,), ("*",)])
def test_one_origin_needs_no_script(origins):
    assert script(finished(*origins)) == ""


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [((), None), ((SHOP,), f"'{SHOP}'"), ((SHOP, OFFICE), "'*'"), (("*",), "'*'")],
)
def test_refusals_of_api_gateway_can_be_read_by_whom_the_stage_lets(origins, allowed):
    for headers in rejections(finished(*origins)):
        assert headers.get("gatewayresponse.header.Access-Control-Allow-Origin") == allowed


def test_refusals_of_api_gateway_are_safe_in_a_browser(cloud, stack):
    stack("safe", api(finished(SHOP)), Id={"Ref": "Api"})

    answer = httpx.get(url(cloud, stacks.output(cloud, "safe", "Id"), "/other"))

    assert answer.status_code == 404
    assert {
        name: answer.headers.get(name) for name in security_headers.SAFE
    } == security_headers.SAFE
    assert answer.headers["Access-Control-Allow-Origin"] == SHOP


def test_no_header_that_api_gateway_is_given_holds_the_quotes_that_end_it():
    for headers in rejections(finished(SHOP)):
        assert all(
            value.count("'") == 2 and value[0] == value[-1] == "'" for value in headers.values()
        )
