"""AWS clients, one per AWS service and process.

Creating one takes longer than ten calls on it.
"""

import importlib
import os
import random
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore

from common import lazy_imports

if TYPE_CHECKING:
    from botocore.session import Session

with lazy_imports.until_first_use():
    from botocore import config, loaders, session

# API Gateway times out after 29 s, a saga step after 20: a call must time out, and be retried,
# before that.
_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 2, 9, 2
_MAX_CONFLICTS, _MAX_PAUSE_SECONDS = 10, 0.1
# The shop's name in AWS's logs. botocore's own would be built twice for every call.
_FUNCTION = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "local")
USER_AGENT = f"Botocore/{botocore.__version__} commerce/{_FUNCTION}"
# botocore presigns by version 2 where it can, which S3 takes in old regions only:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingAWSSDK.html
_SIGNATURES = {"s3": "s3v4"}


def seed_after_restore() -> None:
    """Seed `random` anew in each Lambda that starts from a snapshot.

    All would wait the same "random" time before a retry, and meet again. Does nothing elsewhere.
    https://docs.aws.amazon.com/lambda/latest/dg/snapstart-uniqueness.html
    """
    with suppress(ImportError):
        importlib.import_module("snapshot_restore_py").register_after_restore(random.seed)


@cache
def client(service: str, seconds: int = _READ_SECONDS) -> Any:
    """Return the process's client of an AWS service.

    Region and endpoint come from the environment.

    A call that times out after `seconds` is retried once.
    """
    limits = config.Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
        signature_version=_SIGNATURES.get(service),
    )
    return _session().create_client(service, config=limits)


@cache
def bucket(name: str) -> str:
    """Return the shop's bucket of this name in this account and region. Cached."""
    identity = client("sts").get_caller_identity()
    region = os.environ.get("AWS_REGION") or os.environ["AWS_DEFAULT_REGION"]
    return f"commerce-{name}-{identity['Account']}-{region}"


@cache
def _session() -> Any:
    """botocore's session: boto3 would load resources and transfers that nothing uses."""
    return session.get_session()


def _configure_session(new: "Session") -> None:
    """Configure every session, PynamoDB's too.

    Sets the user agent, the retry rule and one shared data loader.

    PynamoDB makes a session for each model. Each would parse AWS's endpoints and the description
    of DynamoDB again.
    """
    new.lazy_register_component(
        "data_loader", lambda: _loader(new.get_config_variable("data_path"))
    )
    new.set_default_client_config(config.Config(user_agent=USER_AGENT))
    new.register("needs-retry.dynamodb", _pause_after_conflict)


@cache
def _loader(search_path: str | None) -> Any:
    return loaders.create_loader(search_path)


def _pause_after_conflict(
    response: tuple[Any, Any] | None, attempts: int, **_: Any
) -> float | None:
    """Return the seconds before a write that conflicted is retried, else None.

    A conflict is another transaction on the same item. Nothing was written, and botocore does not
    retry it:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    if code != "TransactionConflictException" or attempts > _MAX_CONFLICTS:
        return None
    return random.uniform(0, _MAX_PAUSE_SECONDS)


botocore.register_initializer(_configure_session)
seed_after_restore()
