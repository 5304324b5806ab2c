"""Settings of the stage, read from the environment at each use."""

import os


class SettingMissing(RuntimeError):
    """A setting that has no default is not set."""


class SettingWrong(RuntimeError):
    """A setting has a value of the wrong type."""


def text(name: str, default: str | None = None) -> str:
    """Read a setting.

    Raises: SettingMissing if it is unset or blank and there is no default.
    """
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise SettingMissing(
            f"{name} is not set: one of all services belongs in common/delivery/stages.toml,"
            " one of this service in environment_variables of .chalice/config.json"
        )
    return value


def optional(name: str) -> str | None:
    """Read a setting. None if it is unset or blank."""
    return os.environ.get(name, "").strip() or None


def integer(name: str, default: int | None = None) -> int:
    """Read a whole number. Raises: SettingMissing. SettingWrong if it is not one."""
    value = text(name, None if default is None else str(default))
    try:
        return int(value)
    except ValueError:
        raise SettingWrong(f"{name} must be a whole number, but is {value!r}") from None
