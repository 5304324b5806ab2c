"""Derive the IAM permissions that a request to AWS needs.

https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

Access = tuple[str, str]  # the action, and the ARN of what it is done to

_SIGNED = re.compile(r"Credential=[^/]+/\d+/[^/]+/(?P<service>[a-z]+)/aws4_request")
_ALLOWED_TO_ALL = ("sts:GetCallerIdentity",)
_HERE = "us-east-1:000000000000"
_IN_TRANSACTION = {"ConditionCheck": "ConditionCheckItem"}


def needed(url: str, headers: Mapping[str, str], body: str) -> list[Access]:
    """Return the permissions of one request, whose header names are in lower case.

    Several for a batch or a transaction, none for a request to another host.
    """
    signed = _SIGNED.search(headers.get("authorization", ""))
    if not signed:
        return []
    service = signed["service"]
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if service == "lambda":
        return [("lambda:InvokeFunction", f"arn:aws:lambda:{_HERE}:function:{_invoked(url)}")]
    if not operation:
        access = _by_query(service, parse_qs(body))
        return [] if access[0] in _ALLOWED_TO_ALL else [access]
    return (
        list(_READERS[service](operation, json.loads(body)))
        if service in _READERS
        else [_unread(service, operation)]
    )


def _dynamodb(operation: str, asked: dict[str, Any]) -> Iterator[Access]:
    if operation.startswith("Transact"):
        for item in asked["TransactItems"]:
            for kind, each in item.items():
                yield (
                    f"dynamodb:{_IN_TRANSACTION.get(kind, kind + 'Item')}",
                    _table(each["TableName"]),
                )
    elif "RequestItems" in asked:
        yield from ((f"dynamodb:{operation}", _table(name)) for name in asked["RequestItems"])
    else:
        index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
        yield f"dynamodb:{operation}", _table(asked["TableName"]) + index


def _sqs(operation: str, asked: dict[str, Any]) -> Iterator[Access]:
    name = asked.get("QueueName") or asked["QueueUrl"].rsplit("/", 1)[-1]
    yield f"sqs:{operation.removesuffix('Batch')}", f"arn:aws:sqs:{_HERE}:{name}"


def _events(operation: str, asked: dict[str, Any]) -> Iterator[Access]:
    for bus in sorted({entry.get("EventBusName", "default") for entry in asked["Entries"]}):
        yield f"events:{operation}", f"arn:aws:events:{_HERE}:event-bus/{bus}"


def _states(operation: str, asked: dict[str, Any]) -> Iterator[Access]:
    yield f"states:{operation}", asked.get("stateMachineArn") or asked.get("executionArn") or "*"


def _secretsmanager(operation: str, asked: dict[str, Any]) -> Iterator[Access]:
    """Name a secret with the six characters that AWS appends."""
    yield (
        f"secretsmanager:{operation}",
        f"arn:aws:secretsmanager:{_HERE}:secret:{asked['SecretId']}-AbCdEf",
    )


def _ssm(operation: str, asked: dict[str, Any]) -> Iterator[Access]:
    for name in asked.get("Names") or [asked["Name"]]:
        yield f"ssm:{operation}", f"arn:aws:ssm:{_HERE}:parameter/{name.lstrip('/')}"


_READERS = {
    "dynamodb": _dynamodb,
    "sqs": _sqs,
    "events": _events,
    "states": _states,
    "secretsmanager": _secretsmanager,
    "ssm": _ssm,
}


def _by_query(service: str, asked: dict[str, list[str]]) -> Access:
    """Read a request of the query protocol, which SES and SNS use.

    A text message goes to a phone number, which is no resource.
    """
    (topic,), (action,) = asked.get("TopicArn", ["*"]), asked.get("Action", ["?"])
    return f"{service}:{action}", topic


def _unread(service: str, operation: str) -> Access:
    """Return a resource that no policy allows, for a service without a reader here."""
    return f"{service}:{operation}", "unknown resource; see devcloud/faults/iam_usage.py"


def _table(name: str) -> str:
    return f"arn:aws:dynamodb:{_HERE}:table/{name}"


def _invoked(url: str) -> str:
    return unquote(url).split("/functions/")[-1].split("/")[0].rsplit(":", 1)[-1]
