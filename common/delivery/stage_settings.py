"""Settings of a stage, from common/delivery/stages.toml.

Some are variables of Lambdas, which `make settings` writes into the services' config.json, and
some are parameters of a data stack.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from delivery.paths import ROOT

FILE = ROOT / "common" / "delivery" / "stages.toml"
STAGES = ("local", "dev", "prod")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_MAX_RECIPIENTS = 50  # of a mail: https://docs.aws.amazon.com/ses/latest/dg/quotas.html
_EXAMPLE = re.compile(r"\bshop\.example\b")  # a domain that nobody can have

Settings = Mapping[str, str]


class StageSettingWrong(ValueError):
    """A setting is missing or wrong. The message has the file, the stage and the key."""


def _address(value: Any) -> str:
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise ValueError("expected an e-mail address")
    return value


def _addresses(value: Any) -> str:
    if not isinstance(value, list) or len(value) > _MAX_RECIPIENTS:
        raise ValueError(f"expected a list of at most {_MAX_RECIPIENTS} e-mail addresses")
    return " ".join(map(_address, value))


def _site(value: Any) -> str:
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("expected an address such as https://shop.example")
    return str(value).rstrip("/")


def _zone(value: Any) -> str:
    try:
        return ZoneInfo(value).key
    except (ZoneInfoNotFoundError, OSError, ValueError, TypeError, AttributeError):
        raise ValueError("expected a time zone such as Europe/Berlin") from None


def _origins(value: Any) -> str:
    if not isinstance(value, list) or not all(map(_is_origin, value)):
        raise ValueError('expected a list of origins such as "https://shop.example", or ["*"]')
    return " ".join(value)


def _is_origin(value: Any) -> bool:
    if value == "*":
        return True
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    return parts.scheme in ("http", "https") and value == f"{parts.scheme}://{parts.netloc}"


def _networks(value: Any) -> str:
    expected = ValueError('expected a list of IPv4 ranges such as "198.51.100.7/32"')
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise expected
    try:
        return ",".join(str(IPv4Network(each)) for each in value)
    except ValueError:
        raise expected from None


def _managed_rules(value: Any) -> str:
    if value not in ("Count", "Block"):
        raise ValueError('expected "Count" or "Block"')
    return str(value)


def _text_lines(value: Any) -> str:
    if not isinstance(value, list) or not value or not all(_is_line(each) for each in value):
        raise ValueError('expected a list of lines such as ["Shop Ltd", "1 High Street, London"]')
    return "\n".join(value)


def _is_line(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and value.isprintable()


def _flag(value: Any) -> str:
    if not isinstance(value, bool):
        raise ValueError("expected true or false")
    return "1" if value else "0"


class _Setting(NamedTuple):
    """How a value is read, and what it goes to."""

    read: Callable[[Any], str]
    services: tuple[str, ...] = ()  # whose Lambdas have it as a variable
    parameter: tuple[str, str] | None = None  # of which service's data stack, and its name
    as_parameter: Callable[[str], str] = str


_EVERY_SERVICE = ("*",)
_SETTINGS = {
    "CORS_ORIGINS": _Setting(_origins, _EVERY_SERVICE),
    "MAIL_FROM": _Setting(
        _address,
        ("checkout-orchestrator", "user-service"),
        ("user-service", "MailDomain"),
        lambda address: address.partition("@")[2],
    ),
    "SHOP_SITE": _Setting(_site, ("checkout-orchestrator", "user-service")),
    "SHOP_TIME_ZONE": _Setting(
        _zone, ("analytics-service", "checkout-orchestrator", "order-service")
    ),
    "SELLER": _Setting(_text_lines, ("order-service",)),
    "ADMIN_EMAIL": _Setting(_address, parameter=("checkout-orchestrator", "AdminEmail")),
    "DIGEST_EMAILS": _Setting(_addresses, ("checkout-orchestrator",)),
    "ONE_MAIL_PER_ORDER": _Setting(_flag, ("checkout-orchestrator",)),
    "TEAM_MAILS": _Setting(_flag, parameter=("checkout-orchestrator", "TeamMails")),
    "EXEMPT_ADDRESSES": _Setting(_networks, parameter=("checkout-orchestrator", "ExemptAddresses")),
    "MANAGED_RULES": _Setting(_managed_rules, parameter=("checkout-orchestrator", "ManagedRules")),
    "INVENTORY_EMAIL": _Setting(_address, parameter=("checkout-orchestrator", "InventoryEmail")),
}


def load(stage: str) -> Settings:
    """Return the settings of a stage. Raises: StageSettingWrong."""
    return parse(FILE.read_text(), stage)


@cache
def parse(text: str, stage: str) -> Settings:
    """Parse the settings of a stage. Raises: StageSettingWrong."""
    try:
        given = tomllib.loads(text).get(stage, {})
    except tomllib.TOMLDecodeError as exc:
        raise StageSettingWrong(f"{_name()} is no TOML: {exc}") from None
    if unknown := sorted(given.keys() - _SETTINGS.keys()):
        raise _wrong(stage, unknown[0], f"is no setting; these are: {', '.join(_SETTINGS)}")
    return {name: _read(given, stage, name) for name in _SETTINGS}


def require_real(stage: str) -> None:
    """Require that no value is the example's. Raises: StageSettingWrong."""
    for name, value in load(stage).items():
        if _EXAMPLE.search(value):
            raise _wrong(stage, name, f"is still the example's, {value}: say your own")


def variables(service: str, stage: str) -> Settings:
    """Return the variables of a service's Lambdas. Those without a value are left out."""
    return {
        name: value
        for name, value in load(stage).items()
        if value and {service, "*"} & {*_SETTINGS[name].services}
    }


def parameters(service: str, stage: str) -> Settings:
    """Return the parameters of a service's data stack."""
    values = {}
    for name, value in load(stage).items():
        owner, parameter = _SETTINGS[name].parameter or ("", "")
        if owner == service:
            values[parameter] = _SETTINGS[name].as_parameter(value)
    return values


def is_variable(name: str) -> bool:
    """Whether a variable of Lambdas is a setting of the stage."""
    return name in _SETTINGS


def _read(given: Mapping[str, Any], stage: str, name: str) -> str:
    if name not in given:
        raise _wrong(stage, name, "is missing")
    try:
        return _SETTINGS[name].read(given[name])
    except ValueError as exc:
        raise _wrong(stage, name, f"is {given[name]!r}: {exc}") from None


def _wrong(stage: str, name: str, what: str) -> StageSettingWrong:
    return StageSettingWrong(f"{_name()}: [{stage}] {name} {what}")


def _name() -> Path:
    return FILE.relative_to(ROOT)
