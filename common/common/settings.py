"""Settings of the stage, from the environment; read when they are used, so that tests and stages may differ."""

import os


class SettingMissing(RuntimeError):
    """A setting that has no default is not set."""


class SettingWrong(RuntimeError):
    """A setting is set to something that cannot be meant."""


def text(name: str, default: str | None = None) -> str:
    """The setting's text; SettingMissing if it is unset or blank and there is no default."""
    value = os.environ.get(name, "").strip() or default
    if value is None:
        raise SettingMissing(
            f"{name} is not set: give it in environment_variables of this stage in .chalice/config.json"
        )
    return value


def optional(name: str) -> str | None:
    """The setting's text, or None where it is unset or blank."""
    return os.environ.get(name, "").strip() or None


def integer(name: str, default: int | None = None) -> int:
    """The setting as a whole number; SettingWrong if it is not one."""
    value = text(name, None if default is None else str(default))
    try:
        return int(value)
    except ValueError:
        raise SettingWrong(f"{name} must be a whole number, but is {value!r}") from None
