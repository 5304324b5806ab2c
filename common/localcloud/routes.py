"""Which service answers which address, for the front door."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from localcloud import stacks
from localcloud.clouds import Cloud

PREFIXES = {
    "user-service": ("/user",),
    "product-service": ("/product", "/products"),
    "cart-service": ("/cart",),
    "order-service": ("/order", "/orders"),
    "checkout-orchestrator": ("/checkout",),
    "analytics-service": ("/analytics",),
}
API_STAGE = "api"


def write(cloud: Cloud, services: Iterable[str], file: Path) -> None:
    """Tell the front door where each service's API is now."""
    table = {}
    for service in services:
        address = (
            f"{cloud.endpoint}/_aws/execute-api/{stacks.output(cloud, service, 'RestAPIId')}/{API_STAGE}"
        )
        table.update(dict.fromkeys(PREFIXES[service], address))
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(table, indent=1))
    os.replace(partial, file)
