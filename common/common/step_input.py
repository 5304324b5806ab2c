"""Input of saga steps and Lambdas without a route, validated by Structs."""

from typing import Any, TypeVar

import msgspec

Step = TypeVar("Step", bound=msgspec.Struct)


class StepInputInvalid(Exception):
    """The input does not match its schema. A retry cannot help."""


def parse(shape: type[Step], event: Any) -> Step:
    """Parse a step's input. Raises: StepInputInvalid, which names the field."""
    try:
        return msgspec.convert(_plain(event), shape)
    except msgspec.ValidationError as exc:
        raise StepInputInvalid(str(exc)) from None


def _plain(event: Any) -> Any:
    """The event itself, with or without Chalice's wrapper."""
    return event.to_dict() if hasattr(event, "to_dict") else event
