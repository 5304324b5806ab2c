"""Smoke test of a deployed service: requests and calls that change nothing.

The requests go to the service's own API, and to the shop's domain once that routes to it.

They stand in the service's tests/smoke.json. A request names its expected answer, and may carry an
invalid token, which the authorizer must refuse. A Lambda gets an event that gives it nothing to do,
or that it refuses with a certain error.
"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from delivery import canary, domain, lambda_invoke, routes, stacks
from delivery.clouds import Cloud
from delivery.paths import service as folder

Case = dict[str, Any]

_NOBODYS_TOKEN = "Bearer not.a.token"  # noqa: S105 - invalid on purpose
_PATIENCE_SECONDS = 40  # API Gateway gives up after 29


class SmokeFailed(RuntimeError):
    """Something deployed does not answer as expected. The message lists what."""


def test(cloud: Cloud, service: str, stage: str) -> int:
    """Run the smoke test and return the number of checks.

    Read-only. Raises: SmokeFailed.
    """
    template = stacks.template(cloud, service)
    if template is None:
        raise SmokeFailed(f"{service} is not deployed to {stage}.")
    asked = json.loads(file_of(service).read_text())
    checks = [
        partial(_of_api, cloud, service, stage, template),
        *(
            partial(_of_request, address, case)
            for address in _addresses(cloud, service)
            for case in asked["requests"]
        ),
        *(partial(_of_lambda, cloud, service, stage, case) for case in asked["lambdas"]),
    ]
    if failures := [exc for check in checks if (exc := _tried(check))]:
        raise SmokeFailed(
            f"{service} on {stage} does not answer as it should: {'; '.join(failures)}"
        )
    return len(checks)


def _tried(check: Callable[[], str | None]) -> str | None:
    """Run a check. Return what is wrong, if anything."""
    try:
        return check()
    except (httpx.HTTPError, lambda_invoke.FunctionRaised, BotoCoreError, ClientError) as exc:
        return str(exc) or type(exc).__name__


def file_of(service: str) -> Path:
    """Return the path of a service's smoke test."""
    return folder(service) / "tests" / "smoke.json"


def _of_request(address: str, case: Case) -> str | None:
    method, _, path = case["request"].partition(" ")
    headers = {"Authorization": _NOBODYS_TOKEN} if case.get("token") else {}
    answer = httpx.request(
        method, address + path, headers=headers, json=case.get("body"), timeout=_PATIENCE_SECONDS
    )
    if answer.status_code == case["answers"]:
        return None
    text = answer.text[:200]
    return (
        f"{address}: {case['request']} answered {answer.status_code}, not {case['answers']}: {text}"
    )


def _of_lambda(cloud: Cloud, service: str, stage: str, case: Case) -> str | None:
    name, expected = case["function"], case.get("raises")
    try:
        _call(cloud, f"{service}-{stage}-{name}", stage, case["event"])
        raised = None
    except lambda_invoke.FunctionRaised as exc:
        raised = str(exc)
    if (raised is None and expected is None) or (
        raised and expected and f" raised {expected}:" in raised
    ):
        return None
    return f"{raised or f'{name} raised nothing'}, not {expected or 'nothing'}"


def _of_api(cloud: Cloud, service: str, stage: str, template: str) -> str | None:
    """The API's Lambda, called with a method that has no route."""
    api = json.loads(template)["Resources"]["RestAPI"]["Properties"]["DefinitionBody"]
    answer = _call(cloud, f"{service}-{stage}", stage, _no_such_method(min(api["paths"])))
    return None if answer["statusCode"] == 405 else f"the API's Lambda answered {answer}"


def _no_such_method(path: str) -> Any:
    return {
        "requestContext": {"resourcePath": path, "httpMethod": "NONE", "requestId": "smoke"},
        "path": path,
        "headers": {},
        "multiValueHeaders": {},
        "multiValueQueryStringParameters": None,
        "pathParameters": {},
        "body": None,
        "stageVariables": None,
        "isBase64Encoded": False,
    }


def _call(cloud: Cloud, function: str, stage: str, event: Any) -> Any:
    """Invoke a function as its callers do: on `prod` by its alias."""
    return lambda_invoke.call(cloud, function + canary.alias_of(stage), event)


def _addresses(cloud: Cloud, service: str) -> list[str]:
    """The addresses at which the service is reached."""
    return list(filter(None, [_address(cloud, service), domain.find_url(cloud, service)]))


def _address(cloud: Cloud, service: str) -> str:
    """The address of the service's own API."""
    if cloud.endpoint:
        api = stacks.output(cloud, service, "RestAPIId")
        return f"{cloud.endpoint}/_aws/execute-api/{api}/{routes.API_STAGE}"
    return stacks.output(cloud, service, "EndpointURL").rstrip("/")
