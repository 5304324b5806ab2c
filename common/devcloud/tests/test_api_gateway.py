import json

import httpx
import pytest

from delivery import stacks
from devcloud.tests.support.rest_apis import api, document, url

ALLOW_ALL = """
def handle(event, context):
    allow = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    return {"principalId": "jane", "policyDocument": policy}
"""
ECHO_PATH = """
def handle(event, context):
    return {"statusCode": 200, "body": event["path"]}
"""


def test_a_preflight_request_is_answered_as_the_document_says(cloud, stack):
    stack("preflight", api(document("/things")), Id={"Ref": "Api"})

    answer = httpx.options(url(cloud, stacks.output(cloud, "preflight", "Id"), "/things"))

    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")


def test_binary_media_types_are_kept(cloud, stack):
    stack("binary", api(document("/things")), Id={"Ref": "Api"})

    rest_api = cloud.client("apigateway").get_rest_api(
        restApiId=stacks.output(cloud, "binary", "Id")
    )

    assert rest_api["binaryMediaTypes"] == ["image/png"]


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


def import_api(cloud, body):
    return cloud.client("apigateway").import_rest_api(
        body=json.dumps(body), parameters={"endpointConfigurationTypes": "EDGE"}
    )


def deploy(cloud, api_id):
    cloud.client("apigateway").create_deployment(restApiId=api_id, stageName="api")


def test_an_api_is_imported_from_a_document(cloud):
    imported = import_api(cloud, document("/things"))
    deploy(cloud, imported["id"])

    assert imported["endpointConfiguration"]["types"] == ["EDGE"]
    assert httpx.options(url(cloud, imported["id"], "/things")).status_code == 200


def test_an_api_is_overwritten_by_a_document(cloud, stack):
    stack("overwritten", api(document("/things")), Id={"Ref": "Api"})
    api_id = stacks.output(cloud, "overwritten", "Id")

    cloud.client("apigateway").put_rest_api(
        restApiId=api_id, mode="overwrite", body=json.dumps(document("/others"))
    )
    deploy(cloud, api_id)

    assert httpx.options(url(cloud, api_id, "/others")).status_code == 200
    assert httpx.options(url(cloud, api_id, "/things")).status_code == 404


@pytest.mark.parametrize(("text", "size"), [("1024", 1024), ("", None)])
def test_a_compression_size_is_a_number_or_nothing(cloud, text, size):
    client = cloud.client("apigateway")
    api_id = client.create_rest_api(name="compressed")["id"]

    operation = {"op": "replace", "path": "/minimumCompressionSize", "value": text}
    client.update_rest_api(restApiId=api_id, patchOperations=[operation])

    assert client.get_rest_api(restApiId=api_id).get("minimumCompressionSize") == size


def test_a_policy_for_every_path_allows_one_with_a_line_break(cloud, function):
    client = cloud.client("apigateway")
    api_id = client.create_rest_api(name="guarded")["id"]
    root = client.get_resources(restApiId=api_id)["items"][0]["id"]
    authorizer = client.create_authorizer(
        restApiId=api_id,
        name="allows-all",
        type="TOKEN",
        authorizerUri=invocation(function("allows-all", ALLOW_ALL)),
        identitySource="method.request.header.Authorization",
    )["id"]
    resource = client.create_resource(restApiId=api_id, parentId=root, pathPart="{name}")["id"]
    method = {"restApiId": api_id, "resourceId": resource, "httpMethod": "GET"}
    client.put_method(**method, authorizationType="CUSTOM", authorizerId=authorizer)
    uri = invocation(function("echoes-path", ECHO_PATH))
    client.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    deploy(cloud, api_id)

    answer = httpx.get(url(cloud, api_id, "/a%0Ab"), headers={"Authorization": "token"})

    assert (answer.status_code, answer.text) == (200, "/a\nb")


def invocation(arn):
    prefix = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions"
    return f"{prefix}/{arn}/invocations"
