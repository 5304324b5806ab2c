"""Deletes old versions of Lambdas.

Each release publishes one, whose snapshot is charged as long as it exists:
https://aws.amazon.com/lambda/pricing/ (SnapStart)
"""

from typing import Any

from delivery import canary, lambda_invoke
from delivery.clouds import Cloud

KEPT = 2  # what `live` calls, and the one before it
_LATEST = "$LATEST"


def delete_old(cloud: Cloud, service: str, stage: str) -> int:
    """Delete all but the newest versions of a service's Lambdas.

    Idempotent. Returns how many. A version that `live` calls stays however old it is.
    """
    client = cloud.client("lambda")
    old = [
        (name, version)
        for name in lambda_invoke.full_names(cloud, service, stage)
        for version in _old_versions(client, name)
    ]
    for name, version in old:
        client.delete_function(FunctionName=name, Qualifier=version)
    return len(old)


def _old_versions(client: Any, name: str) -> list[str]:
    pages = client.get_paginator("list_versions_by_function").paginate(FunctionName=name)
    versions = [version["Version"] for page in pages for version in page["Versions"]]
    numbers = sorted((int(each) for each in versions if each != _LATEST), reverse=True)
    called = _called(client, name)
    return [str(number) for number in numbers[KEPT:] if str(number) not in called]


def _called(client: Any, name: str) -> set[str]:
    """The versions behind the alias: two while calls shift."""
    try:
        alias = client.get_alias(FunctionName=name, Name=canary.ALIAS)
    except client.exceptions.ResourceNotFoundException:
        return set()
    shifting = (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights", {})
    return {alias["FunctionVersion"], *shifting}
