"""Which AWS is meant: the local one at an address, or the one that the environment's credentials belong to."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config

ACCOUNT = "000000000000"
REGION = "us-east-1"


@dataclass(frozen=True)
class Cloud:
    """A place to deploy to; without an endpoint it is AWS itself."""

    endpoint: str | None = None

    def client(self, service: str, read_seconds: int = 120) -> Any:
        """A boto3 client for it, which waits so long for an answer."""
        return _client(service, self.endpoint, read_seconds)

    @property
    def patience(self) -> float:
        """Seconds between two looks at something that takes a while."""
        return 0.1 if self.endpoint else 3.0

    @property
    def bucket(self) -> str:
        """The bucket that the Lambdas' zips go through."""
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
