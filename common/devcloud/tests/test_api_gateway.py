import json

import httpx

from delivery import stacks, templates

PREFLIGHT = {
    "responses": {
        "200": {"description": "", "headers": {"Access-Control-Allow-Origin": {"type": "string"}}}
    },
    "x-amazon-apigateway-integration": {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {
            "default": {
                "statusCode": "200",
                "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"},
            }
        },
    },
}


def document(*paths):
    return {
        "swagger": "2.0",
        "info": {"title": "things", "version": "1.0"},
        "paths": {path: {"options": PREFLIGHT} for path in paths},
        "x-amazon-apigateway-binary-media-types": ["image/png"],
        "x-amazon-apigateway-gateway-responses": templates.gateway_responses(),
    }


def api(body):
    return {
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "things", "Body": body}},
        f"Deployment{len(body['paths'])}": {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}, "StageName": "api"},
        },
    }


def url(cloud, api_id, path):
    return f"{cloud.endpoint}/_aws/execute-api/{api_id}/api{path}"


def test_a_preflight_request_is_answered_as_the_document_says(cloud, stack):
    stack("preflight", api(document("/things")), Id={"Ref": "Api"})

    answer = httpx.options(url(cloud, stacks.output(cloud, "preflight", "Id"), "/things"))

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_binary_media_types_are_kept(cloud, stack):
    stack("binary", api(document("/things")), Id={"Ref": "Api"})

    found = cloud.client("apigateway").get_rest_api(restApiId=stacks.output(cloud, "binary", "Id"))

    assert found["binaryMediaTypes"] == ["image/png"]


def test_an_address_without_a_route_is_not_found_in_the_shops_words(cloud, stack):
    stack("nothing-there", api(document("/things")), Id={"Ref": "Api"})

    answer = httpx.get(url(cloud, stacks.output(cloud, "nothing-there", "Id"), "/other"))

    assert (answer.status_code, answer.json()["Code"]) == (404, "NotFound")


def test_an_api_keeps_its_address_when_its_routes_change(cloud, stack):
    stack("changing", api(document("/things")), Id={"Ref": "Api"})
    before = stacks.output(cloud, "changing", "Id")

    stack("changing", api(document("/things", "/others")), Id={"Ref": "Api"})

    assert stacks.output(cloud, "changing", "Id") == before
    assert httpx.options(url(cloud, before, "/others")).status_code == 200


def test_an_api_is_imported_and_overwritten_as_chalice_deploy_does(cloud):
    client = cloud.client("apigateway")

    made = client.import_rest_api(
        body=json.dumps(document("/things")), parameters={"endpointConfigurationTypes": "EDGE"}
    )
    client.put_rest_api(
        restApiId=made["id"], mode="overwrite", body=json.dumps(document("/others"))
    )
    client.create_deployment(restApiId=made["id"], stageName="api")

    assert httpx.options(url(cloud, made["id"], "/others")).status_code == 200
    assert httpx.options(url(cloud, made["id"], "/things")).status_code == 404
