"""Generate a service's CloudWatch dashboard.

From its packaged template and the registry of metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from common import metrics
from common.metrics import Metric
from delivery.monitored_resources import MonitoredService

_PERIOD = 300
_BESIDE, _WIDE, _HIGH, _ACROSS = 3, 8, 6, 24
_BELOW_ALARMS = 7
_MAX_ALARMS = 100  # in one widget
_SAGAS = (
    "arn:${AWS::Partition}:states:"
    "${AWS::Region}:${AWS::AccountId}:stateMachine:checkout-orchestrator"
)
_SAGA_SERVICE = "checkout-orchestrator"
_MACHINE = (metrics.COLD_STARTS, metrics.REFUSALS, metrics.MESSAGES_FAILED, metrics.RECORDS_PARKED)

Line = list[Any]
Widget = dict[str, Any]


def add(template: dict[str, Any], monitored: MonitoredService) -> None:
    """Add the dashboard to the template.

    Alarms first, then business, then infrastructure.
    """
    graphs = [*_business(monitored), *_api(monitored), *_functions(monitored), *_queues(monitored)]
    below = _BELOW_ALARMS + -(-len(graphs) // _BESIDE) * _HIGH
    failures = _at(0, below, _ACROSS, 8, _failures(monitored))
    widgets = [*_top(template, monitored), *_placed(graphs, _BELOW_ALARMS), failures]
    template["Resources"]["Dashboard"] = {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": f"{monitored.service}-{monitored.stage}",
            "DashboardBody": {"Fn::Sub": json.dumps({"widgets": widgets})},
        },
    }


def _top(template: dict[str, Any], monitored: MonitoredService) -> Iterator[Widget]:
    title = f"# {monitored.service}, {monitored.stage}"
    text = f"{title}\nWhat each means, and what to do: docs/observability.md"
    yield _at(0, 0, _ACROSS, 2, {"type": "text", "properties": {"markdown": text}})
    arn = "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:"
    names = [
        resource["Properties"]["AlarmName"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm"
    ]
    shown = [f"{arn}{name}" for name in names[:_MAX_ALARMS]]
    yield _at(
        0, 2, _ACROSS, 5, {"type": "alarm", "properties": {"title": "Alarms", "alarms": shown}}
    )


def _business(monitored: MonitoredService) -> Iterator[Widget]:
    for metric in metrics.of(monitored.service):
        yield _graph(metric.name, [_own(metric, monitored.service)], *_statistics(metric))
    if monitored.service == _SAGA_SERVICE:
        ends = ("Started", "Succeeded", "Failed", "TimedOut", "Aborted")
        lines = [["AWS/States", f"Executions{end}", "StateMachineArn", _SAGAS] for end in ends]
        yield _graph("Sagas", lines)
        yield _graph(
            "A saga takes",
            [["AWS/States", "ExecutionTime", "StateMachineArn", _SAGAS]],
            "p50",
            "p95",
        )


def _api(monitored: MonitoredService) -> Iterator[Widget]:
    if monitored.api:
        named = [part for pair in monitored.api.items() for part in pair]
        counts = [["AWS/ApiGateway", name, *named] for name in ("Count", "4XXError", "5XXError")]
        yield _graph("API: requests, refusals, errors", counts)
        yield _graph(
            "API: answers after", [["AWS/ApiGateway", "Latency", *named]], "p50", "p95", "p99"
        )


def _functions(monitored: MonitoredService) -> Iterator[Widget]:
    names = [function.name for function in monitored.functions]
    for metric, *statistics in (("Invocations",), ("Errors",), ("Throttles",), ("Duration", "p95")):
        yield _graph(
            metric, [["AWS/Lambda", metric, "FunctionName", name] for name in names], *statistics
        )
    batches = [function.name for function in monitored.functions if function.reads_batches]
    refusing = [function.name for function in monitored.functions if function.refuses]
    streams = [function.name for function in monitored.functions if function.reads_stream]
    for counted, of in zip(_MACHINE, (names, refusing, batches, streams), strict=True):
        if of:
            yield _graph(
                counted.name, [[metrics.NAMESPACE, counted.name, "function", name] for name in of]
            )
    if streams:
        lines = [["AWS/Lambda", "IteratorAge", "FunctionName", name] for name in streams]
        yield _graph("Streams: behind by", lines, "Maximum")


def _queues(monitored: MonitoredService) -> Iterator[Widget]:
    names = [queue.name for queue in monitored.queues]
    for title, metric, of in (
        ("Queues: waiting", "ApproximateNumberOfMessagesVisible", names),
        ("Queues: the oldest waits", "ApproximateAgeOfOldestMessage", names),
        ("Dead letters", "ApproximateNumberOfMessagesVisible", [f"{name}-dlq" for name in names]),
    ):
        if of:
            yield _graph(title, [["AWS/SQS", metric, "QueueName", name] for name in of], "Maximum")


def _failures(monitored: MonitoredService) -> Widget:
    """The latest error lines, with the ids that find the rest of the request."""
    groups = " | ".join(f"SOURCE '/aws/lambda/{function.name}'" for function in monitored.functions)
    asked = (
        "fields @timestamp, message, error, order_id, correlation_id"
        " | filter level in ['ERROR', 'CRITICAL'] | sort @timestamp desc | limit 50"
    )
    properties = {
        "title": "Errors",
        "region": "${AWS::Region}",
        "query": f"{groups} | {asked}",
    }
    return {"type": "log", "properties": {**properties, "view": "table"}}


def _own(metric: Metric, service: str) -> Line:
    """A metric's line, or a search over all values of its dimension."""
    statistic = _statistics(metric)[0]
    if metric.by is None:
        return [metrics.NAMESPACE, metric.name, "service", service]
    schema = f'{{{metrics.NAMESPACE},{metric.by}}} MetricName="{metric.name}"'
    search = f"SEARCH('{schema}', '{statistic}', {_PERIOD})"
    return [{"expression": search, "label": "", "id": metric.name[0].lower() + metric.name[1:]}]


def _statistics(metric: Metric) -> Sequence[str]:
    return ("p95",) if metric.unit == metrics.MILLISECONDS else ("Sum",)


def _graph(title: str, lines: Iterable[Line], *statistics: str) -> Widget:
    """A graph. Each line is shown once per statistic."""
    asked = statistics or ("Sum",)
    shown = [
        line if isinstance(line[0], dict) else [*line, {"stat": statistic}]
        for line in lines
        for statistic in asked
    ]
    properties = {
        "title": title,
        "region": "${AWS::Region}",
        "period": _PERIOD,
        "view": "timeSeries",
    }
    return {"type": "metric", "properties": {**properties, "stacked": False, "metrics": shown}}


def _placed(widgets: Iterable[Widget], top: int) -> Iterator[Widget]:
    """Place widgets in rows."""
    for place, widget in enumerate(widgets):
        yield _at(place % _BESIDE * _WIDE, top + place // _BESIDE * _HIGH, _WIDE, _HIGH, widget)


def _at(x: int, y: int, width: int, height: int, widget: Widget) -> Widget:
    return {**widget, "x": x, "y": y, "width": width, "height": height}
