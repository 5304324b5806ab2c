"""Write down one purchase as shell commands that work as they are."""

import json
from dataclasses import dataclass
from pathlib import Path

import httpx

from delivery.paths import ROOT

_TIMEOUT_SECONDS = 20
_JSON = "-H 'Content-Type: application/json'"
_TOKEN = '-H "Authorization: Bearer $TOKEN"'


@dataclass(frozen=True)
class Step:
    """A command, and what it does."""

    title: str
    command: str


def product_in_stock(url: str, at_least: int = 2) -> str:
    """Return the id of the first product of which there are so many.

    Raises: LookupError when none of the first 20 has them; httpx.HTTPError.
    """
    with httpx.Client(base_url=url, timeout=_TIMEOUT_SECONDS, trust_env=False) as http:
        for product in http.get("/products", params={"limit": 20}).raise_for_status().json():
            ulid = product["productId"].removeprefix("PROD#")
            details = http.get(f"/product/{ulid}").raise_for_status().json()
            if details["availableStock"] >= at_least:
                return str(product["productId"])
    raise LookupError("nothing among the first 20 products is in stock")


def steps(url: str, token: str, directory: Path) -> list[Step]:
    """Return the commands from choosing a product to the order's timeline."""
    item = json.dumps({"productId": product_in_stock(url), "quantity": 1})
    payment = json.dumps({"paymentMethod": "pm_card_visa", "method": "CARD"})
    where = "" if directory == ROOT / ".local" else f" LOCAL_DIR={directory}"
    order_id = "sed -E 's/.*ORDER#([0-9A-Z]+).*/\\1/'"
    return [
        Step("Be the ready-made customer", f"TOKEN={token}"),
        Step("Put a product into the cart", f"curl -s {url}/cart {_TOKEN} {_JSON} -d '{item}'"),
        Step(
            "Check out with a test card; keep the order's id",
            f"ORDER=$(curl -s {url}/checkout {_TOKEN} {_JSON} -d '{payment}' | {order_id})",
        ),
        Step(
            "Ask until the status is CONFIRMED or FAILED",
            f"curl -s {url}/checkout/$ORDER {_TOKEN}",
        ),
        Step("See all that happened because of it", f"make trace ORDER=$ORDER{where}"),
    ]
