"""CloudFormation stacks: deploy what changed, and explain failures in a sentence."""

import hashlib
import json
import time
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from delivery.clouds import Cloud

_TAG = "commerce:template"  # the hash of the deployed template
_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NEVER_MADE = (
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "CREATE_FAILED",
    "ROLLBACK_FAILED",
    "DELETE_FAILED",
)
_LARGEST_BODY = 51_200

Event = dict[str, Any]


class StackFailed(RuntimeError):
    """A stack could not be deployed. The message has the resource and the reason."""


def deploy(
    cloud: Cloud,
    name: str,
    template: str,
    parameters: Mapping[str, str] | None = None,
    adopt: bool = False,
) -> bool:
    """Create or update a stack and wait for it.

    Returns False if nothing changed. Raises: StackFailed.

    Parameters that are not given keep their values. With `adopt`, a new stack imports retained
    resources of an earlier one.
    """
    stack = find(cloud, name)
    given = dict(parameters or {})
    digest = hashlib.sha256((template + json.dumps(given, sort_keys=True)).encode()).hexdigest()
    if stack and _is(stack, digest):
        return False
    if stack and stack["StackStatus"] in _NEVER_MADE:
        delete(cloud, name)
        stack = None
    values = {**_present(stack, template), **given}
    request = {
        "StackName": name,
        **_body(cloud, name, template),
        "Parameters": [
            {"ParameterKey": key, "ParameterValue": value} for key, value in values.items()
        ],
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
        "Tags": [{"Key": _TAG, "Value": digest}],
    }
    client = cloud.client("cloudformation")
    earlier = _events(cloud, name)[:1] if stack else []
    try:
        if stack:
            client.update_stack(**request)
        elif adopt:
            _create_with_import(cloud, request)
        else:
            client.create_stack(**request)
    except ClientError as exc:
        if "No updates are to be performed" in str(exc):
            return False
        raise StackFailed(f"Stack {name} was refused: {exc.response['Error']['Message']}") from None
    _wait(cloud, name, earlier)
    return True


def find(cloud: Cloud, name: str) -> dict[str, Any] | None:
    """Return the stack's description. None if there is none."""
    try:
        found: dict[str, Any] = cloud.client("cloudformation").describe_stacks(StackName=name)[
            "Stacks"
        ][0]
    except ClientError as exc:
        if "does not exist" in str(exc):
            return None
        raise
    return None if found["StackStatus"] == "DELETE_COMPLETE" else found


def template(cloud: Cloud, name: str) -> str | None:
    """Return the template that the stack runs. None if it never ran."""
    stack = find(cloud, name)
    if stack is None or stack["StackStatus"] in _NEVER_MADE:
        return None
    body = cloud.client("cloudformation").get_template(StackName=name, TemplateStage="Original")[
        "TemplateBody"
    ]
    return body if isinstance(body, str) else json.dumps(body)


def output(cloud: Cloud, name: str, key: str) -> str:
    """Return an output of an existing stack."""
    outputs = (find(cloud, name) or {}).get("Outputs", [])
    return str(next(entry["OutputValue"] for entry in outputs if entry["OutputKey"] == key))


def delete(cloud: Cloud, name: str) -> None:
    """Delete a stack and wait."""
    cloud.client("cloudformation").delete_stack(StackName=name)
    while find(cloud, name):
        time.sleep(cloud.poll_seconds)


def _create_with_import(cloud: Cloud, request: dict[str, Any]) -> None:
    """Create a stack that imports the retained tables of its names.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
    """
    client, name = cloud.client("cloudformation"), request["StackName"]
    change = {"StackName": name, "ChangeSetName": "first"}
    client.create_change_set(
        **request | change, ChangeSetType="CREATE", ImportExistingResources=True
    )
    while (found := client.describe_change_set(**change))["Status"] not in (
        "CREATE_COMPLETE",
        "FAILED",
    ):
        time.sleep(cloud.poll_seconds)
    if found["Status"] == "FAILED":
        raise StackFailed(
            f"Stack {name} was refused: "
            f"{found.get('StatusReason', 'CloudFormation gives no reason')}"
        )
    client.execute_change_set(**change)


def _present(stack: dict[str, Any] | None, template: str) -> dict[str, str]:
    """The stack's parameters that the template still has."""
    found = (stack or {}).get("Parameters", [])
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in found}
    return {key: value for key, value in values.items() if key in template}


def _is(stack: dict[str, Any], digest: str) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in stack.get("Tags", [])}
    return stack["StackStatus"] in _DONE and tags.get(_TAG) == digest


def _body(cloud: Cloud, name: str, template: str) -> dict[str, str]:
    if len(template.encode()) <= _LARGEST_BODY:
        return {"TemplateBody": template}
    key = f"{name}.template"
    cloud.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=template.encode())
    bucket = (
        f"{cloud.endpoint}/{cloud.bucket}"
        if cloud.endpoint
        else f"https://{cloud.bucket}.s3.amazonaws.com"
    )
    return {"TemplateURL": f"{bucket}/{key}"}


def _wait(cloud: Cloud, name: str, earlier: list[Event]) -> None:
    while True:
        stack = find(cloud, name)
        if stack is None:
            raise StackFailed(f"Stack {name} failed, and was removed again")
        status = stack["StackStatus"]
        if status in _DONE:
            return
        if not status.endswith("IN_PROGRESS"):
            raise StackFailed(f"Stack {name} failed: {_reason(_events(cloud, name), earlier)}")
        time.sleep(cloud.poll_seconds)


def _events(cloud: Cloud, name: str) -> list[Event]:
    """The stack's events, newest first."""
    found: list[Event] = cloud.client("cloudformation").describe_stack_events(StackName=name)[
        "StackEvents"
    ]
    return found


def _reason(events: list[Event], earlier: list[Event]) -> str:
    """The first resource that failed: the later ones were cancelled because of it."""
    old = [event["EventId"] for event in earlier]
    fresh = takewhile(lambda event: event["EventId"] not in old, events)
    failures = [event for event in fresh if event["ResourceStatus"].endswith("_FAILED")]
    causes = [
        event for event in failures if "cancelled" not in event.get("ResourceStatusReason", "")
    ]
    if not causes:
        return "CloudFormation gives no reason"
    first = causes[-1]
    reason = first.get("ResourceStatusReason", "no reason")
    return f"{first['LogicalResourceId']} ({first['ResourceType']}): {reason}"
