"""Streams of neighbours that are not deployed yet."""

from typing import Any

from delivery.clouds import Cloud

_IMPORT = "Fn::ImportValue"


def remove_missing_streams(cloud: Cloud, template: dict[str, Any]) -> list[str]:
    """Remove streams that no stack exports from a packaged template.

    Returns their names.

    A stream keeps its records for a day and is read from its oldest: nothing is lost if the service
    is deployed again within a day after its neighbour.
    """
    exported = _exports(cloud)
    absent: list[str] = []
    for resource in template["Resources"].values():
        events = resource.get("Properties", {}).get("Events", {})
        for name, event in list(events.items()):
            stream = event["Properties"].get("Stream")
            if (
                isinstance(stream, dict)
                and stream.get(_IMPORT, "") not in exported
                and _IMPORT in stream
            ):
                absent.append(stream[_IMPORT])
                del events[name]
    return absent


def _exports(cloud: Cloud) -> set[str]:
    pages = cloud.client("cloudformation").get_paginator("list_exports").paginate()
    return {export["Name"] for page in pages for export in page["Exports"]}
