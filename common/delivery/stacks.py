"""CloudFormation stacks: deploy what changed, and explain failures in a sentence."""

import json
import time
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from delivery.clouds import Cloud

_DONE = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NEVER_MADE = (
    "REVIEW_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "CREATE_FAILED",
    "ROLLBACK_FAILED",
    "DELETE_FAILED",
)
_LARGEST_BODY = 51_200
# No stack of the shop takes longer. On `prod` one waits ten minutes for a gradual shift.
_PATIENCE_SECONDS = 3_000

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
    if stack and _is_deployed(cloud, stack, template, given):
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
        stack: dict[str, Any] = cloud.client("cloudformation").describe_stacks(StackName=name)[
            "Stacks"
        ][0]
    except ClientError as exc:
        if "does not exist" in str(exc):
            return None
        raise
    return None if stack["StackStatus"] == "DELETE_COMPLETE" else stack


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
    """Delete a stack and wait. Raises: StackFailed, with the reason, when it stays."""
    stack = find(cloud, name)
    if stack is None:
        return
    earlier = _events(cloud, name)[:1]
    cloud.client("cloudformation").delete_stack(StackName=name)
    for _ in _polls(cloud, f"Deleting stack {name}"):
        current = find(cloud, name)
        if current is None:
            return
        if current["StackStatus"] == "DELETE_FAILED" and _has_moved(cloud, name, earlier):
            reason = _reason(_events(cloud, name), earlier)
            raise StackFailed(f"Stack {name} could not be deleted: {reason}")


def _has_moved(cloud: Cloud, name: str, earlier: list[Event]) -> bool:
    """Whether something happened since: a stack may have failed to be deleted before."""
    return _events(cloud, name)[:1] != earlier


def _polls(cloud: Cloud, what: str) -> Iterator[None]:
    """Yield until the caller has seen what it waits for.

    Raises: StackFailed, after 50 minutes.
    """
    end = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < end:
        yield
        time.sleep(cloud.poll_seconds)
    raise StackFailed(
        f"{what} takes longer than {_PATIENCE_SECONDS // 60} minutes: look at its events in"
        " CloudFormation, and deploy again once it has ended"
    )


def _create_with_import(cloud: Cloud, request: dict[str, Any]) -> None:
    """Create a stack that imports the retained tables of its names.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
    """
    client, name = cloud.client("cloudformation"), request["StackName"]
    change = {"StackName": name, "ChangeSetName": "first"}
    client.create_change_set(
        **request | change, ChangeSetType="CREATE", ImportExistingResources=True
    )
    for _ in _polls(cloud, f"The change set of stack {name}"):
        change_set = client.describe_change_set(**change)
        if change_set["Status"] in ("CREATE_COMPLETE", "FAILED"):
            break
    if change_set["Status"] == "FAILED":
        raise StackFailed(
            f"Stack {name} was refused: "
            f"{change_set.get('StatusReason', 'CloudFormation gives no reason')}"
        )
    client.execute_change_set(**change)


def _present(stack: dict[str, Any] | None, template: str) -> dict[str, str]:
    """The stack's parameters that the template still has."""
    parameters = (stack or {}).get("Parameters", [])
    values = {entry["ParameterKey"]: entry["ParameterValue"] for entry in parameters}
    return {key: value for key, value in values.items() if key in template}


def _is_deployed(
    cloud: Cloud, stack: dict[str, Any], expected: str, given: Mapping[str, str]
) -> bool:
    """Whether the stack has this template and these parameters.

    A tag with their hash would touch every resource.
    """
    parameters = {
        each["ParameterKey"]: each["ParameterValue"] for each in stack.get("Parameters", [])
    }
    same = given.items() <= parameters.items()
    return (
        stack["StackStatus"] in _DONE
        and same
        and _parsed(template(cloud, stack["StackName"]) or "") == _parsed(expected)
    )


def _parsed(text: str) -> Any:
    """A template as a value, so that the order of its keys is none. YAML stays a text."""
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _body(cloud: Cloud, name: str, template: str) -> dict[str, str]:
    if len(template.encode()) <= _LARGEST_BODY:
        return {"TemplateBody": template}
    key = f"{name}.template"
    client = cloud.client("s3")
    client.put_object(Bucket=cloud.bucket, Key=key, Body=template.encode())
    # The region's own address: regions that an account opts into are known by no other.
    return {"TemplateURL": f"{client.meta.endpoint_url}/{cloud.bucket}/{key}"}


def _wait(cloud: Cloud, name: str, earlier: list[Event]) -> None:
    for _ in _polls(cloud, f"Stack {name}"):
        stack = find(cloud, name)
        if stack is None:
            raise StackFailed(f"Stack {name} failed, and was removed again")
        status = stack["StackStatus"]
        if status in _DONE:
            return
        if not status.endswith("IN_PROGRESS"):
            raise StackFailed(f"Stack {name} failed: {_reason(_events(cloud, name), earlier)}")


def _events(cloud: Cloud, name: str) -> list[Event]:
    """The stack's events, newest first."""
    events: list[Event] = cloud.client("cloudformation").describe_stack_events(StackName=name)[
        "StackEvents"
    ]
    return events


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
