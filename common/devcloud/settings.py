"""What a shop on this machine remembers between two runs, in its directory."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

ADMIN_EMAIL = "admin@example.com"
CUSTOMER_EMAIL = "customer@example.com"


@dataclass(frozen=True)
class Secrets:
    """Made up once for a shop, readable by its owner only."""

    admin_password: str
    customer_password: str
    stripe_api_key: str
    stripe_webhook_secret: str
    razorpay_key_id: str
    razorpay_key_secret: str
    razorpay_webhook_secret: str


def of(directory: Path) -> Secrets:
    """Return the directory's secrets, generating those that are missing."""
    file = file_of(directory)
    known = json.loads(file.read_text()) if file.exists() else {}
    shop_secrets = Secrets(**{**asdict(_made_up()), **known})
    if asdict(shop_secrets) != known:
        write_private(file, json.dumps(asdict(shop_secrets), indent=1))
    return shop_secrets


def _made_up() -> Secrets:
    return Secrets(
        admin_password=secrets.token_urlsafe(15),
        customer_password=secrets.token_urlsafe(15),
        stripe_api_key=f"sk_test_{secrets.token_hex(12)}",
        stripe_webhook_secret=f"whsec_{secrets.token_hex(16)}",
        razorpay_key_id=f"rzp_test_{secrets.token_hex(7)}",
        razorpay_key_secret=secrets.token_hex(12),
        razorpay_webhook_secret=secrets.token_hex(16),
    )


def file_of(directory: Path) -> Path:
    """Where a shop's secrets are."""
    return directory / "secrets.json"


def write_private(file: Path, text: str) -> None:
    """Write a file that nobody else may read, all or nothing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        out.write(text + "\n")
    os.replace(partial, file)
