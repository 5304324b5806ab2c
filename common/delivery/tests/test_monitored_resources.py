"""Monitoring of a service on AWS: all that its packaged template deploys."""

import json
import re

import pytest

from common import metrics
from delivery import packaging
from delivery.paths import ROOT, SERVICES

BUILD = ROOT / "build"
TOPIC = "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:commerce-alarms"


@pytest.fixture(scope="module", params=SERVICES)
def service(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def packaged(service) -> dict:
    """The resources of its template, by logical id."""
    template = packaging.package(ROOT / service, "dev", BUILD / f"{service}-dev", BUILD / "wheels")
    return json.loads(template.read_text())["Resources"]


@pytest.fixture
def functions(packaged) -> dict:
    return of(packaged, "AWS::Serverless::Function")


@pytest.fixture
def alarms(packaged) -> dict:
    """By their names."""
    resources = of(packaged, "AWS::CloudWatch::Alarm").values()
    return {alarm["Properties"]["AlarmName"]: alarm["Properties"] for alarm in resources}


@pytest.fixture
def dashboard(packaged) -> list:
    """Its widgets, as CloudWatch gets them."""
    body = packaged["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    assert set(re.findall(r"\$\{(.*?)\}", body)) <= {
        "AWS::Partition",
        "AWS::Region",
        "AWS::AccountId",
    }
    return json.loads(body)["widgets"]


def of(resources, kind):
    return {name: resource for name, resource in resources.items() if resource["Type"] == kind}


def shown(dashboard) -> list:
    """Each line of each graph: namespace, metric, dimensions."""
    lines = [line for widget in dashboard for line in widget["properties"].get("metrics", [])]
    return [
        (line[0], line[1], dict(zip(line[2:-1:2], line[3:-1:2], strict=True)))
        for line in lines
        if isinstance(line[0], str)
    ]


def searched(dashboard) -> list:
    """Return metric and dimension of graphs that show every value of one."""
    text = json.dumps(dashboard).replace('\\\\"', '"').replace('\\"', '"')
    return [
        (name, by)
        for by, name in re.findall(r"SEARCH\('\{Commerce,(\w+)\} MetricName=\"(\w+)\"'", text)
    ]


def sources(function, kind):
    events = function["Properties"].get("Events", {}).values()
    return [event["Properties"] for event in events if event["Type"] == kind]


def test_each_function_logs_where_what_is_old_goes(packaged, functions):
    for name, function in functions.items():
        group = packaged[function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]["Properties"]

        assert group["LogGroupName"] == f"/aws/lambda/{function['Properties']['FunctionName']}", (
            name
        )
        assert 0 < group["RetentionInDays"] <= 90


def test_each_function_and_api_is_traced(packaged, functions):
    assert {function["Properties"]["Tracing"] for function in functions.values()} == {"Active"}
    for api in of(packaged, "AWS::Serverless::Api").values():
        assert api["Properties"]["TracingEnabled"] is True


def test_each_function_has_an_alarm_and_its_place_on_the_dashboard(functions, alarms, dashboard):
    graphs = {
        (metric, dimensions.get("FunctionName")) for _, metric, dimensions in shown(dashboard)
    }
    for function in functions.values():
        name = function["Properties"]["FunctionName"]

        assert name in json.dumps(alarms[f"{name}-errors"])
        assert {
            ("Errors", name),
            ("Duration", name),
            ("Invocations", name),
            ("Throttles", name),
        } <= graphs


def test_a_function_that_refuses_by_an_error_raises_no_alarm_by_that(functions, alarms):
    for logical_id, function in functions.items():
        alarm = alarms[f"{function['Properties']['FunctionName']}-errors"]
        answers_by_errors = "Events" not in function["Properties"] and logical_id != "APIHandler"

        assert ("Refusals" in json.dumps(alarm)) is answers_by_errors


def test_who_falls_behind_raises_an_alarm(functions, alarms, dashboard):
    graphs = {(metric, tuple(dimensions.values())) for _, metric, dimensions in shown(dashboard)}
    for function in functions.values():
        name = function["Properties"]["FunctionName"]
        for _ in sources(function, "DynamoDB"):
            assert alarms[f"{name}-behind"]["MetricName"] == "IteratorAge"
            assert ("IteratorAge", (name,)) in graphs
        for source in sources(function, "SQS"):
            queue = source["Queue"]["Fn::Sub"].split(":")[-1]
            assert alarms[f"{queue}-late"]["Threshold"] > 600  # what its five tries may take
            assert ("ApproximateAgeOfOldestMessage", (queue,)) in graphs
            assert ("ApproximateNumberOfMessagesVisible", (f"{queue}-dlq",)) in graphs


def test_an_api_that_answers_with_errors_raises_an_alarm(packaged, service, alarms):
    if of(packaged, "AWS::Serverless::Api"):
        alarm = alarms[f"{service}-dev-api-errors"]

        assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/ApiGateway", "5XXError")
        assert alarm["Dimensions"][0]["Value"] == service


def test_every_alarm_calls_somebody_and_is_on_the_dashboard(alarms, dashboard):
    (widget,) = (widget for widget in dashboard if widget["type"] == "alarm")
    listed = {arn.split(":alarm:")[1] for arn in widget["properties"]["alarms"]}

    assert listed == set(alarms)
    for alarm in alarms.values():
        assert alarm["AlarmActions"] == [{"Fn::Sub": TOPIC}]


def test_the_dashboard_shows_exactly_the_metrics_of_the_service(service, dashboard):
    own = {metric.name for metric in metrics.of(service)}
    machine = {name for name, metric in metrics.REGISTRY.items() if metric.service is None}
    lines = [
        (name, [*by]) for namespace, name, by in shown(dashboard) if namespace == metrics.NAMESPACE
    ]
    lines += [(name, [by]) for name, by in searched(dashboard)]

    assert own <= {name for name, _ in lines} <= own | machine
    for name, by in lines:
        assert by in metrics.REGISTRY[name].dimensions


def test_what_an_alarm_counts_of_the_shops_own_is_measured_so(alarms):
    for alarm in alarms.values():
        stats = [
            query["MetricStat"]["Metric"]
            for query in alarm.get("Metrics", [])
            if "MetricStat" in query
        ]
        for counted in [alarm, *stats]:
            if counted.get("Namespace") == metrics.NAMESPACE:
                by = [dimension["Name"] for dimension in counted["Dimensions"]]
                assert by in metrics.REGISTRY[counted["MetricName"]].dimensions


def test_no_widget_covers_another(dashboard):
    taken = [
        (x, y)
        for widget in dashboard
        for x in range(widget["x"], widget["x"] + widget["width"])
        for y in range(widget["y"], widget["y"] + widget["height"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24
