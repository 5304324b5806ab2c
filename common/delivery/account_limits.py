"""Limits of an AWS account that a new one has too low."""

from delivery.clouds import Cloud

_LAMBDAS_AT_ONCE = 1_000  # AWS's default, of which a new account may have a hundredth


def find_low_limits(cloud: Cloud) -> list[str]:
    """Return a sentence for each limit that is too low for the shop, and what to do."""
    if cloud.endpoint:
        return []  # this machine's
    limit = cloud.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    return [describe(limit)] if limit < _LAMBDAS_AT_ONCE else []


def describe(limit: int) -> str:
    """Say what a limit of concurrent Lambdas means."""
    return (
        f"this account runs at most {limit} Lambdas at once, so that customers meet 429 and 500"
        f" early: ask for {_LAMBDAS_AT_ONCE} (Service Quotas, Lambda, Concurrent executions)"
    )
