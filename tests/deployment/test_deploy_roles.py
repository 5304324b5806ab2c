"""Each service is released under its deploy role.

The local AWS enforces the policies of the role at each call.

What CloudFormation does for the role is compared with AWS's data in tests/access.
"""

import pytest
from botocore.exceptions import ClientError

from delivery import release
from delivery.clouds import Cloud
from delivery.paths import ROOT, SERVICES
from devcloud import deploy_role

STAGE = "local"  # whose Lambdas run on this machine


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_released_under_its_role(cloud: Cloud, service: str) -> None:
    """Deploy data, code and saga, and call the Lambdas of the smoke test."""
    under_role = deploy_role.assume(cloud, service, STAGE)
    output: list[str] = []

    release.release(under_role, service, STAGE, ROOT / "build", output.append)

    assert "smoke tests passed" in output[-1]


def test_a_role_does_not_touch_another_services_stack(cloud: Cloud) -> None:
    under_role = deploy_role.assume(cloud, "cart-service", STAGE)

    with pytest.raises(ClientError, match="AccessDenied"):
        under_role.client("cloudformation").delete_stack(StackName="order-service-resources")
