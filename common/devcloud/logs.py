"""What a service's Lambdas logged."""

import time
from collections.abc import Iterator

from delivery.clouds import Cloud

_PLATFORM = ("START RequestId:", "END RequestId:", "REPORT RequestId:", "INIT_START")


def lines(cloud: Cloud, service: str, since: int = 0) -> list[tuple[int, str]]:
    """The log lines of a service's Lambdas since a time in epoch milliseconds, oldest first, with theirs."""
    client = cloud.client("logs")
    found: list[tuple[int, str]] = []
    pages = client.get_paginator("describe_log_groups").paginate(
        logGroupNamePrefix=f"/aws/lambda/{service}-"
    )
    for group in (group["logGroupName"] for page in pages for group in page["logGroups"]):
        name = group.removeprefix("/aws/lambda/")
        for page in client.get_paginator("filter_log_events").paginate(
            logGroupName=group, startTime=since
        ):
            found += [
                (event["timestamp"], f"{name}  {event['message'].rstrip()}")
                for event in page["events"]
            ]
    told = [line for line in found if not any(word in line[1] for word in _PLATFORM)]
    return sorted(told, key=lambda line: line[0])


def follow(cloud: Cloud, service: str) -> Iterator[str]:
    """Log lines as they come, for ever."""
    shown: set[tuple[int, str]] = set()
    since = int(time.time() * 1000)
    while True:
        fresh = [line for line in lines(cloud, service, since) if line not in shown]
        yield from (text for _, text in fresh)
        if fresh:
            since = fresh[-1][0]
            shown = {line for line in shown | set(fresh) if line[0] >= since}
        time.sleep(1)
