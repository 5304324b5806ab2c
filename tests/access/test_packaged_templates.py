"""What AWS makes of the packaged templates, after CloudFormation's SAM transform."""

import json
from functools import cache
from typing import Any

import pytest

from delivery.paths import SERVICES
from tests.support import privileges
from tests.support.deployed_resources import transformed

ON_AWS = [(service, stage) for service in SERVICES for stage in ("dev", "prod")]


@cache
def resources(service: str, stage: str) -> dict[str, Any]:
    return transformed(service, stage)


def of(kind: str, service: str, stage: str) -> list[dict[str, Any]]:
    """The properties of all resources of a type."""
    declared = resources(service, stage).values()
    return [each["Properties"] for each in declared if each["Type"] == kind]


@pytest.mark.parametrize(("service", "stage"), ON_AWS)
def test_an_api_has_one_stage_and_the_firewall_is_before_it(service, stage):
    """SAM makes a second one, which is open to all, unless it is told not to."""
    (api_stage,) = of("AWS::ApiGateway::Stage", service, stage)
    (firewall,) = of("AWS::WAFv2::WebACLAssociation", service, stage)
    (deployment,) = of("AWS::ApiGateway::Deployment", service, stage)

    assert api_stage["StageName"] == "api"
    assert "StageName" not in deployment
    assert firewall["ResourceArn"]["Fn::Sub"].endswith("/stages/${RestAPIapiStage}")
    assert api_stage["AccessLogSetting"]
    assert api_stage["MethodSettings"]


@pytest.mark.parametrize(("service", "stage"), ON_AWS)
def test_an_api_is_reached_in_its_region(service, stage):
    (api,) = of("AWS::ApiGateway::RestApi", service, stage)

    assert api["EndpointConfiguration"] == {"Types": ["REGIONAL"]}


@pytest.mark.parametrize(("service", "stage"), ON_AWS)
def test_a_backlog_leaves_lambdas_for_customers(service, stage):
    for mapping in of("AWS::Lambda::EventSourceMapping", service, stage):
        if "sqs" in json.dumps(mapping["EventSourceArn"]):
            assert 2 <= mapping["ScalingConfig"]["MaximumConcurrency"] <= 10


@pytest.mark.parametrize(("service", "stage"), ON_AWS)
def test_no_role_is_bound_to_a_partition(service, stage):
    """China and GovCloud have their own: arn:aws-cn, arn:aws-us-gov."""
    assert '"arn:aws:' not in json.dumps(of("AWS::IAM::Role", service, stage)).replace(
        '"arn:aws:iam::aws:policy/service-role/',
        "",  # the translator's, for the region it runs in
    )


def test_no_stream_has_more_than_two_readers():
    """More are throttled: a third consumer listens to the bus.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Streams.html
    """
    read = [
        json.dumps(mapping["EventSourceArn"])
        for service in SERVICES
        for mapping in of("AWS::Lambda::EventSourceMapping", service, "prod")
        if "StreamArn" in json.dumps(mapping["EventSourceArn"])
    ]

    assert read
    assert max(read.count(stream) for stream in read) <= 2


def test_lambdas_that_call_themselves_are_not_stopped():
    """Lambda stops a loop after 16 rounds, also one through a queue.

    https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
    """
    allowed = privileges.grants()
    own = {
        f"arn:aws:lambda:{privileges.HERE}:function:{name}": name
        for name in privileges.policy_files()
    }
    loops = {
        name for arn, name in own.items() if covers(allowed, name, "lambda:InvokeFunction", arn)
    }
    loops |= {
        name
        for name, action, queue in privileges.done_by_aws()
        if action == "sqs:ReceiveMessage" and covers(allowed, name, "sqs:SendMessage", queue)
    }
    looping = {
        function["FunctionName"].replace("-prod-", "-local-")
        for service in SERVICES
        for function in of("AWS::Lambda::Function", service, "prod")
        if function.get("RecursiveLoop") == "Allow"
    }

    assert loops
    assert looping == loops


def covers(allowed: list[privileges.Grant], *access: str) -> bool:
    return any(grant.covers(access) for grant in allowed)
