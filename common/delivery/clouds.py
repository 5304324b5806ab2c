"""Where to deploy: the local AWS, or the account of the environment."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

ACCOUNT = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True)
class Cloud:
    """An AWS to deploy to. Without an endpoint the real one."""

    endpoint: str | None = None

    def client(self, service: str, read_seconds: int = 120) -> Any:
        """Return a boto3 client. `read_seconds` is its read timeout."""
        return _client(service, self.endpoint, read_seconds)

    @property
    def poll_seconds(self) -> float:
        """Seconds between two polls."""
        return 0.1 if self.endpoint else 3.0

    @property
    def bucket(self) -> str:
        """The bucket that deployment packages are uploaded to."""
        if self.endpoint:
            return "commerce-artifacts"
        identity = self.client("sts").get_caller_identity()
        return f"commerce-artifacts-{identity['Account']}-{self.client('s3').meta.region_name}"


@lru_cache(maxsize=64)
def _client(service: str, endpoint: str | None, read_seconds: int) -> Any:
    if endpoint is None:
        return boto3.client(service)
    config = Config(
        retries={"max_attempts": 2},
        connect_timeout=2,
        read_timeout=read_seconds,
        max_pool_connections=20,
    )
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name=REGION,
        aws_access_key_id="test",  # the local account's root
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        config=config,
    )
