"""Where to deploy: the local AWS, or the account of the environment."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

ACCOUNT = "000000000000"
REGION = "us-east-1"


class Credentials(NamedTuple):
    """Of a principal of the local AWS, without a token those of its root."""

    key: str
    secret: str
    token: str | None = None


_ROOT = Credentials("test", "test")  # the emulator takes any secret


@dataclass(frozen=True)
class Cloud:
    """An AWS to deploy to. Without an endpoint the real one."""

    endpoint: str | None = None
    credentials: Credentials = _ROOT  # of the local AWS

    def client(self, service: str, read_seconds: int = 120) -> Any:
        """Return a boto3 client. `read_seconds` is its read timeout."""
        return _client(service, self.endpoint, read_seconds, self.credentials)

    @property
    def poll_seconds(self) -> float:
        """Seconds between two polls."""
        return 0.1 if self.endpoint else 3.0

    @property
    def bucket(self) -> str:
        """The bucket that deployment packages are uploaded to."""
        if self.endpoint:
            return f"commerce-artifacts-{ACCOUNT}-{REGION}"
        identity = self.client("sts").get_caller_identity()
        return f"commerce-artifacts-{identity['Account']}-{self.client('s3').meta.region_name}"


@lru_cache(maxsize=64)
def _client(service: str, endpoint: str | None, read_seconds: int, credentials: Credentials) -> Any:
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
        aws_access_key_id=credentials.key,
        aws_secret_access_key=credentials.secret,
        aws_session_token=credentials.token,
        config=config,
    )
