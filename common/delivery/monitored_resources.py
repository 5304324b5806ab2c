"""What a packaged template deploys that needs monitoring, and its log groups."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

from delivery import cfn
from delivery.paths import ROOT

KEPT_DAYS = 90
_FUNCTION = "AWS::Serverless::Function"
_API = "RestAPI"
# Where a queue's own template does not say: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-sqs-queue.html
_VISIBILITY, _RECEIVES = 30, 5


@dataclass(frozen=True)
class Queue:
    """A queue that a function consumes.

    `tries_seconds` is how long all its attempts take.
    """

    name: str
    tries_seconds: int


@dataclass(frozen=True)
class Function:
    """A Lambda with the queues and streams that it consumes."""

    logical_id: str
    name: str
    queues: tuple[Queue, ...] = ()
    reads_stream: bool = False
    refuses: bool = False

    @property
    def reads_batches(self) -> bool:
        """Whether it receives batches."""
        return bool(self.queues) or self.reads_stream


@dataclass(frozen=True)
class MonitoredService:
    """A service's monitored resources."""

    service: str
    stage: str
    functions: tuple[Function, ...]
    api: dict[str, str] | None

    @classmethod
    def of(cls, template: dict[str, Any], service: str, stage: str) -> Self:
        """Read the resources of a packaged template with final names."""
        resources = template["Resources"]
        functions = [
            _function(logical_id, resource["Properties"], service)
            for logical_id, resource in resources.items()
            if resource["Type"] == _FUNCTION
        ]
        return cls(service, stage, tuple(functions), _api(resources))

    @property
    def queues(self) -> list[Queue]:
        """All queues that its functions consume."""
        return [queue for function in self.functions for queue in function.queues]


def declare_log_groups(template: dict[str, Any], monitored: MonitoredService) -> None:
    """Declare every function's log group: one that Lambda creates never expires."""
    resources = template["Resources"]
    for function in monitored.functions:
        logs = f"{function.logical_id}Logs"
        resources[logs] = {
            "Type": "AWS::Logs::LogGroup",
            "DeletionPolicy": "Delete",
            "UpdateReplacePolicy": "Delete",
            "Properties": {
                "LogGroupName": f"/aws/lambda/{function.name}",
                "RetentionInDays": KEPT_DAYS,
            },
        }
        # The group exists before the function, which would otherwise create one itself.
        resources[function.logical_id]["Properties"]["LoggingConfig"] = {"LogGroup": {"Ref": logs}}


def refuses(logical_id: str, properties: dict[str, Any]) -> bool:
    """Whether a function raises expected rejections: saga steps and authorizers do."""
    return not properties.get("Events") and logical_id != "APIHandler"


def _function(logical_id: str, properties: dict[str, Any], service: str) -> Function:
    sources = list(properties.get("Events", {}).values())
    return Function(
        logical_id,
        properties["FunctionName"],
        queues=tuple(_queues(sources, service)),
        reads_stream=any(source["Type"] == "DynamoDB" for source in sources),
        refuses=refuses(logical_id, properties),
    )


def _queues(sources: list[dict[str, Any]], service: str) -> Iterator[Queue]:
    own = _own_queues(service)
    for source in sources:
        if source["Type"] == "SQS":
            name = re.split("[:/]", source["Properties"]["Queue"]["Fn::Sub"])[-1]
            properties = own.get(name, {})
            receives = properties.get("RedrivePolicy", {}).get("maxReceiveCount", _RECEIVES)
            yield Queue(name, int(properties.get("VisibilityTimeout", _VISIBILITY)) * int(receives))


def _own_queues(service: str) -> dict[str, dict[str, Any]]:
    """The properties of the service's queues, by name."""
    template = ROOT / service / "resources.yml"
    resources = cfn.read(template)["Resources"].values() if template.exists() else ()
    queues = [
        resource["Properties"] for resource in resources if resource["Type"] == "AWS::SQS::Queue"
    ]
    return {properties["QueueName"]: properties for properties in queues}


def _api(resources: dict[str, Any]) -> dict[str, str] | None:
    """The dimensions of the API's metrics, if there is one."""
    if _API not in resources:
        return None
    properties = resources[_API]["Properties"]
    title = properties["DefinitionBody"].get("info", {}).get("title", "")
    return {"ApiName": title, "Stage": properties["StageName"]}
