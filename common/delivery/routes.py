"""Which service serves which path, for the front door."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from delivery import stacks
from delivery.clouds import Cloud

API_STAGE = "api"


class PathTaken(RuntimeError):
    """Two services serve the same path. The message names both."""


def write(cloud: Cloud, services: Iterable[str], file: Path) -> None:
    """Write each service's API address by the first segment of its paths.

    Raises: PathTaken.
    """
    table: dict[str, str] = {}
    owners: dict[str, str] = {}
    for service in services:
        api = stacks.output(cloud, service, "RestAPIId")
        for prefix in sorted(_prefixes(cloud, api)):
            if (other := owners.setdefault(prefix, service)) != service:
                raise PathTaken(
                    f"{prefix} is a path of {other} and of {service}: one of them must give way."
                )
            table[prefix] = f"{cloud.endpoint}/_aws/execute-api/{api}/{API_STAGE}"
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps(table, indent=1))
    os.replace(partial, file)


def _prefixes(cloud: Cloud, api: str) -> set[str]:
    """The first segments: `/cart` for `/cart` and `/cart/{product_id}`."""
    pages = cloud.client("apigateway").get_paginator("get_resources").paginate(restApiId=api)
    paths = [resource["path"] for page in pages for resource in page["items"]]
    return {f"/{path.split('/')[1]}" for path in paths if path != "/"}
