"""Clients, one per AWS service and process: making one costs more than ten calls on it."""

from functools import cache
from typing import Any

from common import loading

with loading.at_first_use():
    from botocore import config, session

# API Gateway gives up after 29 s: a hanging call must end, and be tried again, well before that.
_CONNECT_SECONDS, _READ_SECONDS, _TRIES = 2, 9, 2


@cache
def client(service: str) -> Any:
    """The client of an AWS service; region and endpoint come from the environment."""
    limits = config.Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "max_attempts": _TRIES},
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
