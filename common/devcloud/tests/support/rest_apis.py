"""REST APIs whose only routes are preflight requests, as templates declare them."""

from delivery import templates

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
