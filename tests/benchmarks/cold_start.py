"""Measure cold starts of the deployed zips and a warm request, relative to boto3.

Ratios of medians of processor time, within one run, because other processes share the machine. No
figure is of a cold start on AWS.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt import encode
from jwt.algorithms import OKPAlgorithm

from delivery import packaging
from delivery.paths import ROOT, SERVICES
from devcloud.emulator.patches.parity.lambda_runtime_packages import RUNTIME_PACKAGES

ROUNDS = 5
_PROGRAM = Path(__file__).with_name("in_lambda.py")
_WHEELS = ROOT / "build" / "wheels"
_RAW = "boto3"


_ONE_CALL = "order-service: routes"  # GET /order/{orderId} makes one call to DynamoDB


@dataclass(frozen=True)
class Case:
    """What is started, and its limit as a multiple of boto3 with a DynamoDB client."""

    what: str
    budget: float
    task: Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """A case's results.

    Start, and start with the first call, as multiples of boto3's start. A warm call as a multiple
    of a raw call, and each package's share of it.
    """

    what: str
    budget: float | None
    start: float
    first: float | None = None
    warm: float | None = None
    shares: Mapping[str, float] | None = None


def measured() -> tuple[float, list[Row]]:
    """Return boto3's own milliseconds, and a row for each case, in turns."""
    with tempfile.TemporaryDirectory() as scratch:
        cases = list(_cases(Path(scratch)))
        raw: list[float] = []
        runs: dict[str, list[dict[str, Any]]] = {case.what: [] for case in cases}
        runtime = str(_runtime(Path(scratch)))
        for number in range(ROUNDS):
            raw.append(_run({"paths": [runtime]})["start"])
            for case in cases:
                warm = {"warm": 60} if number == 0 and case.what == _ONE_CALL else {}
                task = {**case.task, **warm, "paths": [*case.task["paths"], runtime]}
                runs[case.what].append(_run(task))
    return statistics.median(raw), [
        _row(case, runs[case.what], statistics.median(raw)) for case in cases
    ]


def _row(case: Case, runs: list[dict[str, Any]], raw: float) -> Row:
    start = statistics.median(run["start"] for run in runs)
    first = [run["first"] for run in runs if "first" in run]
    warm = [ours / theirs for run in runs for ours, theirs in run.get("warm", ())]
    return Row(
        case.what,
        case.budget,
        start / raw,
        (start + statistics.median(first)) / raw if first else None,
        statistics.median(warm) if warm else None,
        next((run["shares"] for run in runs if "shares" in run), None),
    )


def _cases(scratch: Path) -> Iterator[Case]:
    for name in SERVICES:
        folder = _unpacked(name, scratch)
        paths = {"paths": [str(folder)]}
        yield Case(f"{name}: routes", 1.2, {**paths, "handler": "app.app", **_route(name)})
        yield Case(f"{name}: authorizer", 0.6, {**paths, "handler": "app.authorizer", **_token()})
        yield Case(
            f"{name}: {_STEPS[name][0]}", 0.6, {**paths, "handler": _STEPS[name][1], **_step(name)}
        )
    stripe = {"paths": [str(scratch / "checkout-orchestrator")], "also": "stripe"}
    yield Case("checkout-orchestrator: webhook, with Stripe", 1.5, {**stripe, "handler": "app.app"})
    yield Case(
        "checkout-orchestrator: payment, with Stripe",
        1.5,
        {**stripe, "handler": "app.process_payment"},
    )


_STEPS = {
    "user-service": ("grant-role", "app.grant_role"),
    "product-service": ("check-inventory", "app.check_inventory"),
    "cart-service": ("clear-cart", "app.clear_cart"),
    "order-service": ("create-order-record", "app.create_order_record"),
    "checkout-orchestrator": ("send-notification", "app.send_notification"),
    "analytics-service": ("on-order-done", "app.on_order_done"),
}
_ORDER = {
    "orderId": {"S": "ORDER#1"},
    "userId": {"S": "USER#1"},
    "status": {"S": "CONFIRMED"},
    "items": {
        "L": [
            {
                "M": {
                    "productId": {"S": "PROD#1"},
                    "name": {"S": "Protein Bowl"},
                    "qty": {"N": "2"},
                    "priceMinor": {"N": "1299"},
                    "lineTotalMinor": {"N": "2598"},
                }
            }
        ]
    },
    "totalMinor": {"N": "2598"},
    "currency": {"S": "USD"},
    "method": {"S": "CARD"},
    "paymentId": {"S": "PAY#1"},
    "correlationId": {"S": "1"},
    "createdAt": {"S": "2025-10-13T14:10:00.000Z"},
    "updatedAt": {"S": "2025-10-13T14:10:02.000Z"},
    "version": {"N": "2"},
}


def _route(service: str) -> dict[str, Any]:
    """Build a first call, of the service whose route makes one call to DynamoDB."""
    if service == "order-service":
        event = _request("/order/{order_id}", {"order_id": "1"})
        return {
            "event": event,
            "answers": {"GetItem": {"Item": _ORDER}, "UpdateItem": {"Attributes": _ORDER}},
        }
    return {}


def _step(service: str) -> dict[str, Any]:
    if service != "order-service":
        return {}
    step = {"orderId": "ORDER#1", "paymentId": "PAY#1", "correlationId": "1"}
    return {
        "event": step,
        "answers": {"GetItem": {"Item": _ORDER}, "UpdateItem": {"Attributes": _ORDER}},
    }


def _request(resource: str, names: dict[str, str]) -> dict[str, Any]:
    """As API Gateway hands it to a Lambda."""
    who = {
        "userId": "USER#1",
        "role": "customer",
        "email": "jimmy@example.com",
        "principalId": "USER#1",
    }
    return {
        "resource": resource,
        "path": resource,
        "httpMethod": "GET",
        "headers": {"Accept": "application/json"},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": names,
        "stageVariables": None,
        "body": None,
        "isBase64Encoded": False,
        "requestContext": {
            "resourcePath": resource,
            "httpMethod": "GET",
            "authorizer": who,
            "identity": {"sourceIp": "127.0.0.1"},
        },
    }


def _token() -> dict[str, Any]:
    """A token to verify, and the public key where the authorizer looks for it."""
    private = Ed25519PrivateKey.generate()
    claims = {"iss": "commerce-user-service", "aud": "commerce", "iat": 1, "exp": 4_000_000_000}
    claims |= {"sub": "USER#1", "role": "customer", "email": "jimmy@example.com"}
    token = encode(claims, private, algorithm="EdDSA", headers={"kid": "k"})
    key = OKPAlgorithm.to_jwk(private.public_key(), as_dict=True) | {"kid": "k", "alg": "EdDSA"}
    arn = "arn:aws:execute-api:us-east-1:000000000000:api/local/GET/cart"
    event = {"type": "TOKEN", "authorizationToken": f"Bearer {token}", "methodArn": arn}
    parameter = {
        "Name": "/commerce/auth/jwks",
        "Type": "String",
        "Value": json.dumps({"keys": [key]}),
    }
    return {"event": event, "answers": {"GetParameter": {"Parameter": parameter}}}


def _unpacked(service: str, scratch: Path) -> Path:
    """The zip for this machine's processor, unpacked as Lambda does."""
    out = ROOT / "build" / f"{service}-local"
    template = packaging.package(ROOT / service, "local", out, _WHEELS)
    with zipfile.ZipFile(template.with_name(packaging.ZIP)) as archive:
        archive.extractall(scratch / service)
    return scratch / service


def _runtime(scratch: Path) -> Path:
    """What AWS's Python runtime has, and nothing else of this environment."""
    folder, installed = scratch / "runtime", Path(boto3.__file__).parents[1]
    folder.mkdir()
    for name in RUNTIME_PACKAGES:
        os.symlink(installed / name, folder / name)
    return folder


def _run(task: Mapping[str, Any]) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_LAMBDA_FUNCTION_NAME": "f",
        "STAGE": "local",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-S", str(_PROGRAM), json.dumps(task)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{task.get('handler')}: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout.splitlines()[-1])  # after its log  # type: ignore[no-any-return]
