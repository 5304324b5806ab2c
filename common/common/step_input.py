"""What Step Functions hands to a saga step, checked like any other input."""

from typing import Any, TypeVar

import msgspec

Step = TypeVar("Step", bound=msgspec.Struct)


class StepInputInvalid(Exception):
    """A step was started with an input that it cannot have meant; repeating it would not help."""


def parse(shape: type[Step], event: Any) -> Step:
    """The step's input in the given shape; StepInputInvalid names the field that is wrong."""
    try:
        return msgspec.convert(_plain(event), shape)
    except msgspec.ValidationError as problem:
        raise StepInputInvalid(str(problem)) from None


def _plain(event: Any) -> Any:
    """The event itself, as Chalice hands it to a function with or without middleware."""
    return event.to_dict() if hasattr(event, "to_dict") else event
