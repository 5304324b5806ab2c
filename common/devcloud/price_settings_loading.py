"""Load sample shipping methods, tax rates and promotions into a new shop once."""

import json
from collections.abc import Callable
from pathlib import Path

import httpx

from delivery.clouds import Cloud
from devcloud.bootstrap import BootstrapFailed

SAMPLES = Path(__file__).with_name("price_settings.json")
_MARK = "/devcloud/price-settings"
_LOADED = "loaded"
# Staff of an older shop may have made, or deleted, what the samples would be.
_SETTLED = (201, 404, 409)


def load_once(cloud: Cloud, url: str, log_in: Callable[[], str]) -> None:
    """Create the samples, each with an Idempotency-Key, unless that was done.

    Idempotent. Raises: BootstrapFailed.
    """
    client = cloud.client("ssm")
    if client.get_parameters(Names=[_MARK])["Parameters"]:
        return
    headers = {"Authorization": f"Bearer {log_in()}"}
    with httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False) as http:
        for path, bodies in json.loads(SAMPLES.read_text(encoding="utf-8")).items():
            for number, body in enumerate(bodies):
                _create(http, path, body, f"sample{path.replace('/', '-')}-{number}")
    client.put_parameter(Name=_MARK, Value=_LOADED, Type="String", Overwrite=True)


def _create(http: httpx.Client, path: str, body: object, key: str) -> None:
    answer = http.post(path, json=body, headers={"Idempotency-Key": key})
    if answer.status_code not in _SETTLED:
        raise BootstrapFailed(f"POST {path} answered {answer.status_code}: {answer.text[:300]}")
