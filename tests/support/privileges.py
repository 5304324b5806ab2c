"""Which Lambda may do what by its policy, and what AWS does with a Lambda's role."""

import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from delivery.paths import ROOT, SERVICES

HERE = "us-east-1:000000000000"
_API = "api_handler"
_QUEUE_ACTIONS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
_STREAM_ACTIONS = (
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
)
_EVENT_SOURCES = ("on_sqs_message", "on_dynamodb_record")
_LOG_ACTIONS = ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")
_TRACE_ACTIONS = ("xray:PutTraceSegments", "xray:PutTelemetryRecords")


@dataclass(frozen=True, order=True)
class Grant:
    """An action on a resource that a policy allows a Lambda. Both may be patterns."""

    function: str
    action: str
    resource: str

    def covers(self, access: tuple[str, str, str]) -> bool:
        function, action, resource = access
        return (
            self.function == function
            and fnmatchcase(action, self.action)
            and fnmatchcase(resource, self.resource)
        )

    def __str__(self) -> str:
        return f"{self.function} {self.action} {self.resource}"


def policy_files() -> dict[str, Path]:
    """The policy file of each Lambda, by its name on the stage `local`."""
    return {name: path for service in SERVICES for name, path in _policies_of(ROOT / service)}


def grants() -> list[Grant]:
    """All grants of all policies."""
    return [grant for name, path in policy_files().items() for grant in _grants_of(name, path)]


def done_by_aws() -> set[tuple[str, str, str]]:
    """What AWS does with the Lambdas' roles: logs, traces, queues, streams."""
    iam_usage: set[tuple[str, str, str]] = set()
    for name in policy_files():
        log = f"arn:aws:logs:{HERE}:log-group:/aws/lambda/{name}:log-stream:1"
        iam_usage |= {(name, action, log) for action in _LOG_ACTIONS} | {
            (name, action, "*") for action in _TRACE_ACTIONS
        }
    for service in SERVICES:
        for handler, call in _event_sources(ROOT / service / "app.py"):
            iam_usage |= {(f"{service}-local-{handler}", *access) for access in _polling(call)}
        for handler, queue in _failure_queues(ROOT / service):
            iam_usage.add(
                (f"{service}-local-{handler}", "sqs:SendMessage", f"arn:aws:sqs:{HERE}:{queue}")
            )
    return iam_usage


def _policies_of(service: Path) -> Iterator[tuple[str, Path]]:
    config = json.loads((service / ".chalice/config.json").read_text())
    own = {_API: {"iam_policy_file": config.get("iam_policy_file")}} | config["lambda_functions"]
    for function, settings in own.items():
        name = f"{service.name}-local" + ("" if function == _API else f"-{function}")
        yield name, service / ".chalice" / settings["iam_policy_file"]


def _grants_of(name: str, policy: Path) -> Iterator[Grant]:
    for statement in json.loads(policy.read_text())["Statement"]:
        assert statement["Effect"] == "Allow", f"{policy}: what is not allowed is denied already"
        for action in _listed(statement["Action"]):
            yield from (
                Grant(name, action, resource) for resource in _listed(statement["Resource"])
            )


def _listed(one_or_more: str | list[str]) -> list[str]:
    return [one_or_more] if isinstance(one_or_more, str) else one_or_more


def _event_sources(app: Path) -> Iterator[tuple[str, ast.Call]]:
    """The decorators of app.py that declare event sources, with the Lambda's name."""
    for node in ast.walk(ast.parse(app.read_text())):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _EVENT_SOURCES
        ):
            yield _keyword(node, "name"), node


def _polling(source: ast.Call) -> Iterator[tuple[str, str]]:
    if queue := _keyword(source, "queue"):
        yield from ((action, f"arn:aws:sqs:{HERE}:{queue}") for action in _QUEUE_ACTIONS)
        return
    (arn,) = (word.value for word in source.keywords if word.arg == "stream_arn")
    assert isinstance(arn, ast.Call)
    table = ast.literal_eval(arn.args[0])
    yield from (
        (action, f"arn:aws:dynamodb:{HERE}:table/{table}/stream/1") for action in _STREAM_ACTIONS
    )


def _keyword(call: ast.Call, name: str) -> str:
    return next((ast.literal_eval(word.value) for word in call.keywords if word.arg == name), "")


def _failure_queues(service: Path) -> Iterator[tuple[str, str]]:
    """The Lambdas with a queue for batches that fail for good, and that queue."""
    merged: dict[str, Any] = json.loads((service / ".chalice/merge.json").read_text())["Resources"]
    for logical_id, resource in merged.items():
        for source in resource.get("Properties", {}).get("Events", {}).values():
            failed = source["Properties"].get("DestinationConfig", {}).get("OnFailure")
            if failed:
                name = "".join(
                    "-" + letter.lower() if letter.isupper() else letter for letter in logical_id
                )
                yield name.strip("-"), failed["Destination"]["Fn::Sub"].rsplit(":", 1)[-1]
