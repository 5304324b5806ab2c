"""The alarms of a service on AWS, one set for each thing that its packaged template deploys; docs/observability.md says what to do at each.

What one customer or one lost connection can bring about does not call anybody: everything is tried again. What lasts does.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from common import metrics
from delivery.monitored_resources import Function, Queue, Watched

_TOPIC = {"Fn::Sub": "arn:${AWS::Partition}:sns:${AWS::Region}:${AWS::AccountId}:commerce-alarms"}
_PAGE = "See docs/observability.md"
_BEHIND_MILLISECONDS = 300_000
_SLACK_SECONDS = 300
_API_ERRORS = 4

Alarm = dict[str, Any]


def add(template: dict[str, Any], watched: Watched) -> None:
    """Put every alarm into the template, under a logical id that follows from what it watches."""
    template["Resources"] |= dict(_all(watched))


def errors(function: str, refuses: bool, period: int, alias: str | None = None) -> Alarm:
    """What an alarm counts as a function's failures: its errors less those that it raised on purpose, if it does.

    Sold out, declined, no valid token: for a saga's step and an authorizer an error is an answer, and anybody can cause one.
    """
    dimensions = {
        "FunctionName": function,
        **({"Resource": f"{function}:{alias}"} if alias else {}),
    }
    if not refuses:
        return _single("AWS/Lambda", "Errors", dimensions, "Sum", period)
    counted = {
        "errors": _stat("AWS/Lambda", "Errors", dimensions, period),
        "refusals": _stat(metrics.NAMESPACE, metrics.REFUSALS.name, {"function": function}, period),
    }
    asked = [
        {"Id": name, "MetricStat": stat, "ReturnData": False} for name, stat in counted.items()
    ]
    failures = {"Id": "failures", "Expression": "errors - FILL(refusals, 0)", "Label": "failures"}
    return {"Metrics": [failures, *asked]}


def _all(watched: Watched) -> Iterator[tuple[str, Alarm]]:
    for function in watched.functions:
        yield f"{function.logical_id}Errors", _failing(function)
        if function.reads_stream:
            yield f"{function.logical_id}Behind", _behind(function)
        for queue in function.queues:
            yield f"{function.logical_id}Late", _late(queue)
    if watched.api:
        yield "ApiErrors", _api_failing(watched, watched.api)


def _failing(function: Function) -> Alarm:
    said = f"{function.name} keeps failing. {_PAGE}, Errors."
    counted = errors(function.name, function.refuses, 300)
    return _alarm(f"{function.name}-errors", said, counted, above=1, periods=3, breaching=2)


def _behind(function: Function) -> Alarm:
    said = f"{function.name} hears of changes more than five minutes late. {_PAGE}, Streams."
    age = _single("AWS/Lambda", "IteratorAge", {"FunctionName": function.name}, "Maximum", 60)
    return _alarm(
        f"{function.name}-behind", said, age, above=_BEHIND_MILLISECONDS, periods=5, breaching=5
    )


def _late(queue: Queue) -> Alarm:
    """A message that fails is a dead letter by then: an older one was not even tried so often."""
    said = f"Messages in {queue.name} wait longer than all their tries take. {_PAGE}, Queues."
    age = _single(
        "AWS/SQS", "ApproximateAgeOfOldestMessage", {"QueueName": queue.name}, "Maximum", 60
    )
    above = queue.tries_seconds + _SLACK_SECONDS
    return _alarm(f"{queue.name}-late", said, age, above=above, periods=5, breaching=5)


def _api_failing(watched: Watched, api: Mapping[str, str]) -> Alarm:
    """Chalice answers 500 by itself, which is no error of the Lambda's: the API's own count tells."""
    said = f"Customers get errors of the server's from {watched.service}. {_PAGE}, API."
    counted = _single("AWS/ApiGateway", "5XXError", api, "Sum", 300)
    return _alarm(
        f"{watched.service}-{watched.stage}-api-errors",
        said,
        counted,
        above=_API_ERRORS,
        periods=3,
        breaching=2,
    )


def _alarm(
    name: str, said: str, counted: Alarm, *, above: int, periods: int, breaching: int
) -> Alarm:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": name,
            "AlarmDescription": said,
            **counted,
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
