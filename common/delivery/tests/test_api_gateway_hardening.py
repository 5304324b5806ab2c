"""What every request to a service passes on AWS before a Lambda hears of it."""

import copy
import json

import pytest

from delivery import templates

NAMED = {"info": {"title": "cart-service"}}
API = {"Type": "AWS::Serverless::Api", "Properties": {"StageName": "api", "DefinitionBody": NAMED}}


def finished(stage):
    outputs = {"RestAPIId": {"Value": {"Ref": "RestAPI"}}}
    template = {"Resources": {"RestAPI": copy.deepcopy(API)}, "Outputs": outputs}
    templates.finish(template, "cart-service", stage, {})
    return template["Resources"]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_there_is_a_limit_to_how_often_an_api_is_asked(stage):
    (limits,) = finished(stage)["RestAPI"]["Properties"]["MethodSettings"]

    assert (limits["HttpMethod"], limits["ResourcePath"]) == ("*", "/*")
    assert 0 < limits["ThrottlingRateLimit"] <= limits["ThrottlingBurstLimit"] <= 5000


def test_no_metrics_are_charged_for_each_method():
    (limits,) = finished("prod")["RestAPI"]["Properties"]["MethodSettings"]

    assert limits["MetricsEnabled"] is False


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_firewall_is_before_it(stage):
    association = finished(stage)["FirewallBeforeApi"]["Properties"]

    assert association["WebACLArn"] == {"Fn::ImportValue": "Commerce-FirewallArn"}
    assert association["ResourceArn"]["Fn::Sub"].endswith(
        "/restapis/${RestAPI}/stages/${RestAPI.Stage}"
    )


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_access_log_has_a_line_per_request_without_customers_input(stage):
    resources = finished(stage)
    properties = resources["RestAPI"]["Properties"]
    line = json.loads(properties["AccessLogSetting"]["Format"])

    assert {"at", "ip", "method", "route", "status", "customer"} <= set(line)
    assert not {"$context.path", "$context.requestOverride.path.id"} & set(line.values())
    assert properties["MethodSettings"][0]["DataTraceEnabled"] is False
    assert resources["AccessLog"]["Properties"]["RetentionInDays"] <= 90


def test_the_local_cloud_knows_none_of_these():
    assert set(finished("local")) == {"RestAPI"}
