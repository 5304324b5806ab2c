"""Prepare a deployed shop: signing keys, gateway keys, sender address, accounts."""

import json
import time
from typing import Any

import httpx
from botocore.exceptions import ClientError

from common.roles import Role
from delivery import account_tasks
from delivery.clouds import Cloud
from devcloud import settings

JWKS = "/commerce/auth/jwks"
SIGNING_KEYS = "commerce/user-service/signing-keys"


class BootstrapFailed(RuntimeError):
    """The shop is deployed but cannot be used. The message has the response."""


def prepare(cloud: Cloud, secrets: settings.Secrets) -> None:
    """Store keys and verify sender addresses. Idempotent."""
    stripe = {"apiKey": secrets.stripe_api_key, "webhookSecret": secrets.stripe_webhook_secret}
    razorpay = {"keyId": secrets.razorpay_key_id, "keySecret": secrets.razorpay_key_secret}
    _store_keys(cloud, "commerce/stripe", stripe)
    _store_keys(
        cloud, "commerce/razorpay", {**razorpay, "webhookSecret": secrets.razorpay_webhook_secret}
    )
    for address in _senders(cloud):
        cloud.client("ses").verify_email_identity(EmailAddress=address)
    if not _can_sign(cloud):
        invoke(cloud, "user-service-local-rotate-signing-key", {})


def admin_token(cloud: Cloud, url: str, password: str) -> str:
    """Return the admin's access token, after registering the admin if there is none."""
    return staff_token(cloud, url, password, Role.ADMIN)


def staff_token(cloud: Cloud, url: str, password: str, role: Role) -> str:
    """Return the token of this role's account, which is registered at first."""
    email = settings.staff_email(role)
    who = {"email": email, "password": password}
    answer = _login(url, who)
    if answer.status_code in (401, 404):
        name = f"Shop {role.capitalize()}"
        _answered(httpx.post(f"{url}/user/register", json=who | {"name": name}, timeout=60))
        account_tasks.grant_role(cloud, email, role, "make up", "local")
        answer = _login(url, who)
    token: str = _answered(answer)["token"]
    return token


def customer_token(url: str, password: str) -> str:
    """Return the sample customer's access token, registering the customer if needed."""
    who = {"email": settings.CUSTOMER_EMAIL, "password": password}
    answer = _login(url, who)
    if answer.status_code == 401:
        _answered(httpx.post(f"{url}/user/register", json=who | {"name": "Customer"}, timeout=60))
        answer = _login(url, who)
    token: str = _answered(answer)["token"]
    return token


def _login(url: str, who: dict[str, str]) -> httpx.Response:
    """Log in, after the back-off that failed attempts from this machine have caused."""
    answer = httpx.post(f"{url}/user/login", json=who, timeout=60)
    while answer.status_code == 429:
        time.sleep(int(answer.headers["Retry-After"]))
        answer = httpx.post(f"{url}/user/login", json=who, timeout=60)
    return answer


def invoke(cloud: Cloud, function: str, event: dict[str, Any]) -> Any:
    """Call a Lambda and return its result. Raises: BootstrapFailed when it fails."""
    answer = cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))
    body = json.loads(answer["Payload"].read() or b"null")
    if answer.get("FunctionError"):
        raise BootstrapFailed(
            f"{function} failed: {body.get('errorType')}: {body.get('errorMessage')}"
        )
    return body


def _can_sign(cloud: Cloud) -> bool:
    """Whether there is a signing key whose public half is published.

    A first rotation may have been interrupted between the two.
    """
    try:
        cloud.client("ssm").get_parameter(Name=JWKS)
        return "SecretString" in cloud.client("secretsmanager").get_secret_value(
            SecretId=SIGNING_KEYS
        )
    except ClientError:
        return False


def _store_keys(cloud: Cloud, name: str, keys: dict[str, str]) -> None:
    client = cloud.client("secretsmanager")
    try:
        stored = json.loads(client.get_secret_value(SecretId=name)["SecretString"])
    except (ClientError, ValueError, KeyError):
        stored = None
    if stored != keys:
        client.put_secret_value(SecretId=name, SecretString=json.dumps(keys))


def _senders(cloud: Cloud) -> set[str]:
    """Return the addresses that Lambdas send mail from."""
    pages = cloud.client("lambda").get_paginator("list_functions").paginate()
    functions = (function for page in pages for function in page["Functions"])
    variables = (function.get("Environment", {}).get("Variables", {}) for function in functions)
    return {each["MAIL_FROM"] for each in variables if "MAIL_FROM" in each}


def _answered(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise BootstrapFailed(
            f"{answer.request.url} answered {answer.status_code}: {answer.text[:300]}"
        )
    return answer.json()
