"""Rolling a release back and smoke-testing it.

A whole release is tested in tests/contracts/test_pipelines.py.
"""

import json

import pytest

from delivery import canary, release, smoke


def test_a_roll_back_does_not_wait_for_alarms():
    function = {"FunctionName": "f", "Runtime": "python3.13", "Environment": {"Variables": {}}}
    template = {"Resources": {"F": {"Type": "AWS::Serverless::Function", "Properties": function}}}
    canary.shift_gradually(template)
    shifting = template["Resources"]["F"]["Properties"]["DeploymentPreference"]

    back = json.loads(release.without_canary(json.dumps(template)))["Resources"]["F"]["Properties"]

    assert shifting["Type"] != "AllAtOnce"
    assert back["DeploymentPreference"] == {**shifting, "Type": "AllAtOnce"}


def test_what_has_no_versions_is_rolled_back_as_it_was():
    assert (
        release.without_canary("Resources:\n  Queue: !Ref Other\n")
        == "Resources:\n  Queue: !Ref Other\n"
    )


def test_a_service_that_was_never_deployed_does_not_answer(cloud):
    with pytest.raises(smoke.SmokeFailed, match="cart-service is not deployed to local"):
        smoke.test(cloud, "cart-service", "local")
