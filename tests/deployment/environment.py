"""Environment variables of a shell that works with a local AWS."""

from delivery.clouds import Cloud


def variables(cloud: Cloud) -> dict[str, str]:
    """The variables that make the AWS CLI and SDKs use this cloud."""
    return {
        "AWS_ENDPOINT_URL": str(cloud.endpoint),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
