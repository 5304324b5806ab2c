"""Load the sample catalogue into a new shop once, resuming an interrupted load.

The progress is stored in the shop's own AWS, so it is restored with the products.
"""

from collections.abc import Callable
from pathlib import Path

import httpx

from delivery.clouds import Cloud
from devcloud import seed

_MARK = "/devcloud/catalogue"
_LOADING, _LOADED = "loading", "loaded"

Say = Callable[[str], None]


def load_once(cloud: Cloud, url: str, log_in: Callable[[], str], catalogue: Path, say: Say) -> None:
    """Load the catalogue if the shop is empty or an earlier load was interrupted.

    Idempotent. Raises: seed.CatalogueUnreadable.
    """
    mark = _mark(cloud)
    if mark == _LOADED or (mark is None and _has_products(url)):
        return
    if mark == _LOADING:
        say("loading the catalogue was interrupted and goes on")
    _set_mark(cloud, _LOADING)
    seed.load(url, log_in, catalogue, say)
    _set_mark(cloud, _LOADED)


def _mark(cloud: Cloud) -> str | None:
    client = cloud.client("ssm")
    try:
        return str(client.get_parameter(Name=_MARK)["Parameter"]["Value"])
    except client.exceptions.ParameterNotFound:
        return None


def _set_mark(cloud: Cloud, mark: str) -> None:
    cloud.client("ssm").put_parameter(Name=_MARK, Value=mark, Type="String", Overwrite=True)


def _has_products(url: str) -> bool:
    answer = httpx.get(f"{url}/products", params={"limit": 1}, timeout=60)
    return answer.is_success and bool(answer.json())
