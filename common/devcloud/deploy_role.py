"""Deploy to a local AWS under a service's deploy role, as on AWS."""

import json
from dataclasses import replace
from typing import Any

from delivery import cfn, paths, stacks
from delivery.clouds import ACCOUNT, Cloud, Credentials


def assume(cloud: Cloud, service: str, stage: str) -> Cloud:
    """Create the role as an administrator, and return the cloud under it.

    The local AWS evaluates the role's policies at each call. What CloudFormation does for the
    caller it does not evaluate. Idempotent.
    """
    parameters = {"Repository": "owner/name", "Stage": stage}
    stacks.deploy(cloud, f"deploy-{service}", _template(service, stage), parameters)
    answer = cloud.client("sts").assume_role(
        RoleArn=f"arn:aws:iam::{ACCOUNT}:role/deploy-{service}-{stage}", RoleSessionName=service
    )["Credentials"]
    credentials = Credentials(
        answer["AccessKeyId"], answer["SecretAccessKey"], answer["SessionToken"]
    )
    return replace(cloud, credentials=credentials)


def _template(service: str, stage: str) -> str:
    """The role's template for this stage, to be assumed without GitHub's token."""
    template: dict[str, Any] = cfn.read(paths.service(service) / "deploy-role.yml")
    template["Parameters"]["Stage"]["AllowedValues"] = [stage]
    role = template["Resources"]["Role"]["Properties"]
    role["AssumeRolePolicyDocument"]["Statement"] = [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
    ]
    return json.dumps(template)
