"""The keys of the gateways, from Secrets Manager."""

import json
from collections.abc import Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.payments.errors import GatewayNotConfigured
from common import aws
from common.cached import Cached

_CACHED_SECONDS = 300


class GatewayCredentials:
    """A gateway's keys, cached for five minutes, so that a rotated key is noticed."""

    def __init__(self, secret_name: str, required: Sequence[str]) -> None:
        self._secret_name, self._required = secret_name, required
        self._keys = Cached(self._fetch, _CACHED_SECONDS, outages=(BotoCoreError, ClientError))

    def get(self) -> dict[str, str]:
        """Return all keys, those at hand while Secrets Manager is unavailable.

        Raises: GatewayNotConfigured names the key that is missing.
        """
        return self._keys.get()

    def clear(self) -> None:
        """Fetch the keys again at the next call."""
        self._keys.clear()

    def _fetch(self) -> dict[str, str]:
        secret = _parse(self._read_secret())
        for key in self._required:
            if not str(secret.get(key) or "").strip():
                raise GatewayNotConfigured(
                    f"the secret {self._secret_name} has no {key}: put it there, all keys at once"
                )
        return secret

    def _read_secret(self) -> str | None:
        """Read the secret, None if there is none or it has no value."""
        try:
            secret = aws.client("secretsmanager").get_secret_value(SecretId=self._secret_name)
        except ClientError as exc:
            if exc.response["Error"]["Code"] == "ResourceNotFoundException":
                return None
            raise
        text: str | None = secret.get("SecretString")
        return text


def _parse(text: str | None) -> dict[str, Any]:
    """Parse the secret, as empty where it is not a JSON object."""
    try:
        secret = json.loads(text or "{}")
    except ValueError:
        return {}
    return secret if isinstance(secret, dict) else {}
