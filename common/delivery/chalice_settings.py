"""Write the settings of the stages into the services' .chalice/config.json.

`make settings`. Chalice reads them there, and so do `make local` and the tests.
"""

import json
from collections.abc import Iterable

from delivery import stage_settings
from delivery.paths import ROOT, SERVICES

_STAGES = '  "stages": '  # the last key of each file; what is before it is written by hand


class SettingsStale(RuntimeError):
    """A config.json has other settings than stages.toml."""


def text(service: str) -> str:
    """Return a service's config.json with the settings of stages.toml."""
    path = ROOT / service / ".chalice" / "config.json"
    written = path.read_text()
    stages = json.loads(written)["stages"]
    for stage in stage_settings.STAGES:
        own = stages.setdefault(stage, {}).get("environment_variables", {})
        kept = {name: value for name, value in own.items() if not stage_settings.is_variable(name)}
        stages[stage]["environment_variables"] = {
            **kept,
            **stage_settings.variables(service, stage),
        }
    dumped = json.dumps(stages, indent=2).replace("\n", "\n  ")
    return f"{written[: written.index(_STAGES)]}{_STAGES}{dumped}\n}}\n"


def require_current(services: Iterable[str]) -> None:
    """Require that `make settings` has run. Raises: SettingsStale."""
    for service in services:
        if json.loads(text(service)) != json.loads(
            (ROOT / service / ".chalice" / "config.json").read_text()
        ):
            raise SettingsStale(
                f"{service}/.chalice/config.json has other settings than"
                " common/delivery/stages.toml: run make settings, and commit both."
            )


def main() -> None:
    """Write the settings of all services."""
    for service in SERVICES:
        (ROOT / service / ".chalice" / "config.json").write_text(text(service))


if __name__ == "__main__":
    main()
