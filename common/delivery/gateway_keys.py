"""The gateways' API keys: checkout is not deployed to a stage without them."""

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from delivery.clouds import Cloud

KEYS = {
    "stripe": ("apiKey", "webhookSecret"),
    "razorpay": ("keyId", "keySecret", "webhookSecret"),
}
_DEFAULT = "CARD=stripe UPI=razorpay"  # as checkout-orchestrator has it


class KeysMissing(RuntimeError):
    """A gateway that the stage uses lacks keys."""


def require_keys(cloud: Cloud, orchestrator: Path, stage: str) -> None:
    """Require all keys of every gateway in PAYMENT_GATEWAYS.

    Raises: KeysMissing, which names what is missing.
    """
    for gateway in _used(orchestrator, stage):
        keys = _stored(cloud, f"commerce/{gateway}")
        missing = [key for key in KEYS[gateway] if not str(keys.get(key) or "").strip()]
        if missing:
            raise KeysMissing(
                f"The secret commerce/{gateway} has no {', no '.join(missing)}:"
                " put all of its keys there, as"
                " docs/deployment.md says, and deploy again. Nothing was deployed but the data."
            )


def _used(orchestrator: Path, stage: str) -> list[str]:
    config = json.loads((orchestrator / ".chalice/config.json").read_text())
    given = (
        config["stages"][stage].get("environment_variables", {}).get("PAYMENT_GATEWAYS", _DEFAULT)
    )
    return sorted({part.split("=")[1] for part in given.split()})


def _stored(cloud: Cloud, name: str) -> dict[str, Any]:
    try:
        keys = json.loads(
            cloud.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        )
    except (ClientError, ValueError, KeyError):
        return {}
    return keys if isinstance(keys, dict) else {}
