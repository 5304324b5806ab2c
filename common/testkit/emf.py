"""Reads metrics in embedded metric format out of logs, and validates them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

_NAME = {"type": "string", "minLength": 1, "maxLength": 250, "pattern": "^(.*)$"}
_UNITS = [
    "Count",
    "Milliseconds",
    "None",
]  # of those that CloudWatch knows, the ones that the shop uses
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
SCHEMA = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer", "minimum": 1_000_000_000_000},
                "CloudWatchMetrics": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": _NAME,
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "minItems": 1,
                                    "maxItems": 30,
                                    "items": _NAME,
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {"Name": _NAME, "Unit": {"enum": _UNITS}},
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}


@dataclass(frozen=True)
class MetricValue:
    """A value as CloudWatch takes it, with its metric and dimensions."""

    name: str
    value: float
    dimensions: tuple[tuple[str, str], ...]


def read(text: str | Iterable[str]) -> list[MetricValue]:
    """Read every metric of a log, in order.

    Raises: AssertionError, ValidationError for malformed ones.
    """
    lines = text.splitlines() if isinstance(text, str) else text
    return [
        measure for line in lines if '"_aws"' in line for measure in _measures(json.loads(line))
    ]


def values_of(text: str | Iterable[str], name: str) -> list[MetricValue]:
    """List the values of one metric."""
    return [measure for measure in read(text) if measure.name == name]


def _measures(line: dict[str, Any]) -> Iterator[MetricValue]:
    import jsonschema  # type: ignore[import-untyped]  # a tenth of a second, and few tests measure anything

    jsonschema.validate(line, SCHEMA, jsonschema.Draft202012Validator)
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for metric in directive["Metrics"]:
            value = line[metric["Name"]]
            assert type(value) in (int, float), f"{metric}: {value!r}"
            for names in directive["Dimensions"]:
                dimensions = tuple((name, line[name]) for name in names)
                assert all(isinstance(held, str) and held for _, held in dimensions), dimensions
                yield MetricValue(metric["Name"], value, dimensions)
