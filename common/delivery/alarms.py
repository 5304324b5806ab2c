"""A service's alarms on AWS, generated from its packaged template.

docs/observability.md says what to do at each. One customer or one lost connection causes no
alarm: both are retried. What lasts does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common import metrics
from delivery.monitored_resources import Function, MonitoredService, Queue

_TOPIC = {"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:commerce-alarms"}
_PAGE = "See docs/observability.md"
_BEHIND_MILLISECONDS = 300_000
_SLACK_SECONDS = 300
_API_ERRORS = 4
_MANY_DECLINES, _DECLINE_RATE = 20, 0.5

Alarm = dict[str, Any]


def add(template: dict[str, Any], monitored: MonitoredService) -> None:
    """Add every alarm to the template."""
    template["Resources"] |= dict(_all(monitored))


def errors(function: str, refuses: bool, period: int, alias: str | None = None) -> Alarm:
    """Build the metric of a function's failures: errors less expected rejections.

    Saga steps and authorizers raise for declined cards or invalid tokens: anybody can cause that.
    """
    dimensions = {
        "FunctionName": function,
        **({"Resource": f"{function}:{alias}"} if alias else {}),
    }
    if not refuses:
        return _single("AWS/Lambda", "Errors", dimensions, "Sum", period)
    metric = {
        "errors": _stat("AWS/Lambda", "Errors", dimensions, period),
        "refusals": _stat(metrics.NAMESPACE, metrics.REFUSALS.name, {"function": function}, period),
    }
    queries = [
        {"Id": name, "MetricStat": stat, "ReturnData": False} for name, stat in metric.items()
    ]
    failures = {"Id": "failures", "Expression": "errors - FILL(refusals, 0)", "Label": "failures"}
    return {"Metrics": [failures, *queries]}


def _all(monitored: MonitoredService) -> Iterator[tuple[str, Alarm]]:
    for function in monitored.functions:
        yield f"{function.logical_id}Errors", _failing(function)
        if function.reads_stream:
            yield f"{function.logical_id}Behind", _behind(function)
        for queue in function.queues:
            yield f"{function.logical_id}Late", _late(queue)
    if monitored.service == metrics.PAYMENTS_DECLINED.service:
        yield "CardsDeclined", _cards_declined(monitored)
    if monitored.api:
        yield "ApiErrors", _api_failing(monitored, monitored.api)


def _failing(function: Function) -> Alarm:
    description = f"{function.name} keeps failing. {_PAGE}, Errors."
    metric = errors(function.name, function.refuses, 300)
    return _alarm(f"{function.name}-errors", description, metric, above=1, periods=3, breaching=2)


def _behind(function: Function) -> Alarm:
    description = f"{function.name} hears of changes more than five minutes late. {_PAGE}, Streams."
    age = _single("AWS/Lambda", "IteratorAge", {"FunctionName": function.name}, "Maximum", 60)
    return _alarm(
        f"{function.name}-behind",
        description,
        age,
        above=_BEHIND_MILLISECONDS,
        periods=5,
        breaching=5,
    )


def _late(queue: Queue) -> Alarm:
    """A message that fails is a dead letter by then. An older one was not consumed."""
    description = (
        f"Messages in {queue.name} wait longer than all their tries take. {_PAGE}, Queues."
    )
    age = _single(
        "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue.name}, "Maximum", 60
    )
    above = queue.tries_seconds + _SLACK_SECONDS
    return _alarm(f"{queue.name}-late", description, age, above=above, periods=5, breaching=5)


def _api_failing(monitored: MonitoredService, api: Mapping[str, str]) -> Alarm:
    """Count the API's 500 responses.

    Chalice returns them itself, so they are no errors of the Lambda.
    """
    description = f"Customers get errors of the server's from {monitored.service}. {_PAGE}, API."
    metric = _single("AWS/ApiGateway", "5XXError", api, "Sum", 300)
    return _alarm(
        f"{monitored.service}-{monitored.stage}-api-errors",
        description,
        metric,
        above=_API_ERRORS,
        periods=3,
        breaching=2,
    )


def _cards_declined(monitored: MonitoredService) -> Alarm:
    """More cards are declined than paid with, and not few: somebody tests stolen ones."""
    service = {"service": monitored.service}
    metric = {
        "declined": _stat(metrics.NAMESPACE, metrics.PAYMENTS_DECLINED.name, service, 300),
        "captured": _stat(metrics.NAMESPACE, metrics.PAYMENTS_CAPTURED.name, service, 300),
    }
    queries = [
        {"Id": name, "MetricStat": stat, "ReturnData": False} for name, stat in metric.items()
    ]
    expression = f"IF(declined > {_MANY_DECLINES}, declined / (declined + FILL(captured, 0)), 0)"
    rate = {"Id": "rate", "Expression": expression, "Label": "rate of declines"}
    return _alarm(
        f"{monitored.service}-{monitored.stage}-cards-declined",
        f"Most cards are declined, as when stolen ones are tested. {_PAGE}, Declined cards.",
        {"Metrics": [rate, *queries]},
        above=_DECLINE_RATE,
        periods=3,
        breaching=2,
    )


def _alarm(
    name: str, description: str, metric: Alarm, *, above: float, periods: int, breaching: int
) -> Alarm:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": description,
            **metric,
            "EvaluationPeriods": periods,
            "DatapointsToAlarm": breaching,
            "Threshold": above,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [_TOPIC],
        },
    }


def _single(
    namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str, period: int
) -> Alarm:
    return {**_metric(namespace, metric, dimensions), "Statistic": statistic, "Period": period}


def _stat(
    namespace: str, metric: str, dimensions: Mapping[str, str], period: int
) -> dict[str, Any]:
    return {"Metric": _metric(namespace, metric, dimensions), "Stat": "Sum", "Period": period}


def _metric(namespace: str, metric: str, dimensions: Mapping[str, str]) -> dict[str, Any]:
    named = [{"Name": name, "Value": value} for name, value in dimensions.items()]
    return {"Namespace": namespace, "MetricName": metric, "Dimensions": named}
