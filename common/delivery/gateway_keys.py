"""The payment gateways' keys, which a person puts into their secrets: nothing that takes money is deployed without them."""

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
    """A gateway that the stage is to use has no keys, or not all."""


def insist(cloud: Cloud, orchestrator: Path, stage: str) -> None:
    """KeysMissing unless every gateway that PAYMENT_GATEWAYS names has all its keys in its secret."""
    for gateway in _used(orchestrator, stage):
        found = _stored(cloud, f"commerce/{gateway}")
        missing = [key for key in KEYS[gateway] if not str(found.get(key) or "").strip()]
        if missing:
            raise KeysMissing(
                f"The secret commerce/{gateway} has no {', no '.join(missing)}: put all of its keys there, as"
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
        found = json.loads(
            cloud.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"]
        )
    except (ClientError, ValueError, KeyError):
        return {}
    return found if isinstance(found, dict) else {}
