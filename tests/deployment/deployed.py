"""Entry points of a deployed service, in the format of declarations.py."""

from typing import Any

from delivery.clouds import Cloud


def entry_points(cloud: Cloud, service: str, stage: str) -> dict[str, Any]:
    """What `chalice deploy` created of the service. Empty after `chalice delete`."""
    names = functions(cloud, service, stage)
    prefix = f"{service}-{stage}-"
    api = api_of(cloud, service)
    authorizers = _authorizers(cloud, api) if api else {}
    methods = _methods(cloud, api) if api else {}
    return {
        "routes": {
            f"{method} {path}": authorizers.get(settings.get("authorizerId", ""))
            for (method, path), settings in methods.items()
            if method != "OPTIONS"
        },
        "preflights": sorted(path for method, path in methods if method == "OPTIONS"),
        "triggers": {
            name.removeprefix(prefix): trigger
            for name in names
            for trigger in _triggers(cloud, name)
        },
        "schedules": dict(_schedules(cloud, prefix)),
        "lambdas": sorted(
            name.removeprefix(prefix) for name in names if name != f"{service}-{stage}"
        ),
    }


def functions(cloud: Cloud, service: str, stage: str) -> list[str]:
    """The names of the service's Lambdas, that of the API included."""
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    names = [function["FunctionName"] for page in pages for function in page["Functions"]]
    return [name for name in names if f"{name}-".startswith(f"{service}-{stage}-")]


def roles(cloud: Cloud, service: str, stage: str) -> list[str]:
    """The names of the Lambdas' roles."""
    pages = cloud.client("iam").get_paginator("list_roles").paginate()
    names = [role["RoleName"] for page in pages for role in page["Roles"]]
    return [name for name in names if name.startswith(f"{service}-{stage}-")]


def api_of(cloud: Cloud, service: str) -> str | None:
    """The id of the service's one API, or None."""
    apis = cloud.client("apigateway").get_rest_apis(limit=500)["items"]
    ids = [api["id"] for api in apis if api["name"] == service]
    assert len(ids) <= 1, f"{service} has {len(ids)} APIs"
    return ids[0] if ids else None


def _authorizers(cloud: Cloud, api: str) -> dict[str, str]:
    """The Lambdas of the authorizers, by the authorizer's id."""
    authorizers = cloud.client("apigateway").get_authorizers(restApiId=api)["items"]
    return {one["id"]: _lambda_in(one["authorizerUri"]).rpartition("-")[2] for one in authorizers}


def _methods(cloud: Cloud, api: str) -> dict[tuple[str, str], dict[str, Any]]:
    resources = cloud.client("apigateway").get_resources(
        restApiId=api, limit=500, embed=["methods"]
    )["items"]
    return {
        (method, resource["path"]): settings
        for resource in resources
        for method, settings in resource.get("resourceMethods", {}).items()
    }


def _triggers(cloud: Cloud, name: str) -> list[list[Any]]:
    mappings = cloud.client("lambda").list_event_source_mappings(FunctionName=name)[
        "EventSourceMappings"
    ]
    return [
        [_source(mapping["EventSourceArn"]), mapping["BatchSize"], mapping.get("StartingPosition")]
        for mapping in mappings
        if mapping["State"] == "Enabled"
    ]


def _source(arn: str) -> str:
    name = arn.split(":", 5)[5]
    return f"stream of {name.split('/')[1]}" if name.startswith("table/") else f"queue {name}"


def _schedules(cloud: Cloud, prefix: str) -> list[tuple[str, str]]:
    client = cloud.client("events")
    return [
        (name.removeprefix(prefix), rule["ScheduleExpression"])
        for rule in client.list_rules()["Rules"]
        if rule.get("ScheduleExpression") and rule["State"] == "ENABLED"
        for target in client.list_targets_by_rule(Rule=rule["Name"])["Targets"]
        if (name := target["Arn"].rpartition(":")[2]).startswith(prefix)
    ]


def _lambda_in(uri: str) -> str:
    """The name of the Lambda in an integration's URI.

    It is arn:aws:apigateway:...:lambda:path/2015-03-31/functions/<ARN>/invocations.
    """
    return uri.partition("/functions/")[2].removesuffix("/invocations").rpartition(":")[2]
