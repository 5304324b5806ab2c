"""Clients, one per AWS service and process: making one costs more than ten calls on it."""

import os
import random
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore

from common import lazy_imports

if TYPE_CHECKING:
    from botocore.session import Session

with lazy_imports.until_first_use():
    from botocore import config, loaders, session

# API Gateway gives up after 29 s, a saga's step after 20: a hanging call must end, and be tried again, before that.
_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 2, 9, 2
_CONFLICTS, _LONGEST_PAUSE_SECONDS = 10, 0.1
# What AWS's own logs call the shop. Left to itself, botocore puts a longer one together twice for every call.
USER_AGENT = f"Botocore/{botocore.__version__} commerce/{os.environ.get('AWS_LAMBDA_FUNCTION_NAME', 'local')}"


@cache
def client(service: str, seconds: int = _READ_SECONDS) -> Any:
    """The client of an AWS service; region and endpoint come from the environment.

    A call that is not answered within so many seconds is tried once more.
    """
    limits = config.Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=seconds,
        retries={"mode": "standard", "total_max_attempts": _TRIES},
    )
    return _session().create_client(service, config=limits)


@cache
def _session() -> Any:
    """botocore's; boto3 would add resources and transfers, which nobody uses, to every start."""
    return session.get_session()


def forget_clients() -> None:
    """Make the next `client` call build a new one, after the environment or the credentials changed."""
    client.cache_clear()
    _session.cache_clear()


def _introduce(new: "Session") -> None:
    """Give a session what all share: the user agent, patience, and what botocore reads of its services from disk.

    PynamoDB makes a session for each model; each would parse all of AWS's endpoints and DynamoDB's description anew.
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
    """Seconds until a write is tried again that was refused because a transaction was at the same item: it takes milliseconds.

    botocore does not do so by itself, and nothing was written:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling
    """
    code = response[1].get("Error", {}).get("Code") if response else None
    if code != "TransactionConflictException" or attempts > _CONFLICTS:
        return None
    return random.uniform(0, _LONGEST_PAUSE_SECONDS)


botocore.register_initializer(_introduce)
