import json

import pytest
from chalice.cli.factory import CLIFactory

LAMBDAS = [
    "authorizer",
    "on-orders-stream",
    "on-payments-stream",
    "on-inventory-stream",
    "on-analytics-queue",
    "on-order-done",
]


@pytest.mark.parametrize("stage", ["local", "dev", "prod"])
def test_every_lambda_has_a_policy_of_its_own(service, settings, stage):
    config = CLIFactory(str(service)).create_config_obj(chalice_stage_name=stage)
    policies = {name: config.scope(stage, name).iam_policy_file for name in LAMBDAS}

    assert policies == {name: f"policy-{name}.json" for name in LAMBDAS}
    assert config.scope(stage, "api_handler").iam_policy_file == "policy-api.json"


def test_routes_cannot_write_and_consumers_cannot_read(service):
    allowed = {name: actions(service, name) for name in ("api", *LAMBDAS)}

    assert allowed["api"] == {"Query"}
    assert allowed["authorizer"] == set()
    for name in ("on-analytics-queue", "on-order-done"):
        assert allowed[name] == {"PutItem", "UpdateItem"}


def actions(service, name):
    """The DynamoDB actions that the Lambda's policy allows."""
    statements = json.loads((service / f".chalice/policy-{name}.json").read_text())["Statement"]
    named = [action for statement in statements for action in statement["Action"]]
    return {action.removeprefix("dynamodb:") for action in named if action.startswith("dynamodb:")}
