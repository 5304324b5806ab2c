"""boto3 clients, one per AWS service and process: making one costs more than ten calls on it."""

from functools import cache
from typing import Any

import boto3
from botocore.config import Config

# API Gateway gives up after 29 s: a hanging call must end, and be tried again, well before that.
_CONFIG = Config(connect_timeout=2, read_timeout=9, retries={"mode": "standard", "max_attempts": 2})


@cache
def client(service: str) -> Any:
    """The client of an AWS service; region and endpoint come from the environment."""
    return boto3.client(service, config=_CONFIG)


def forget_clients() -> None:
    """Make the next `client` call build a new one, after the environment or the credentials changed."""
    client.cache_clear()
