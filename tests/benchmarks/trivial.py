"""An empty Lambda behind the emulated API Gateway: the local cloud's own cost."""

import io
import json
import zipfile

import httpx

from delivery.clouds import ACCOUNT, REGION
from devcloud import shop as local

NAME = "trivial"
_SOURCE = 'def handle(event, context):\n    return {"statusCode": 200, "body": "{}"}\n'


def deploy(shop: local.Shop) -> str:
    """Deploy an empty Lambda behind an API and the front door. Returns the API's URL."""
    function = _function(shop)
    apis = shop.cloud.client("apigateway")
    api = apis.create_rest_api(name=NAME)["id"]
    root = apis.get_resources(restApiId=api)["items"][0]["id"]
    where = {
        "restApiId": api,
        "resourceId": apis.create_resource(restApiId=api, parentId=root, pathPart=NAME)["id"],
        "httpMethod": "GET",
    }
    apis.put_method(**where, authorizationType="NONE")
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    apis.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    apis.create_deployment(restApiId=api, stageName="api")
    address = f"{shop.aws_endpoint}/_aws/execute-api/{api}/api"
    routes = shop.directory / "routes.json"
    routes.write_text(json.dumps({**json.loads(routes.read_text()), f"/{NAME}": address}))
    httpx.get(f"{shop.url}/{NAME}", timeout=40).raise_for_status()
    return f"{address}/{NAME}"


def _function(shop: local.Shop) -> str:
    lambdas = shop.cloud.client("lambda")
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": "lambda.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = shop.cloud.client("iam").create_role(
        RoleName=NAME,
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": trust}),
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.py", _SOURCE)
    arn = lambdas.create_function(
        FunctionName=NAME,
        Runtime="python3.11",
        Role=role["Role"]["Arn"],
        Handler="main.handle",
        Code={"ZipFile": file.getvalue()},
    )["FunctionArn"]
    lambdas.add_permission(
        FunctionName=NAME,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=f"arn:aws:execute-api:{REGION}:{ACCOUNT}:*",
    )
    return str(arn)
